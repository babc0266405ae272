"""The table's rows for losses on classes: cross-entropies and divergences."""

from __future__ import annotations

import lossdoctor.losses.entropies as entropies
import lossdoctor.losses.focal as focal
from lossdoctor.losses.loss_row import CLASSES, LIKE_TARGETS, PROBABILITY, SIMPLEX, Loss

_PROBABILISTIC = "https://keras.io/api/losses/probabilistic_losses/"
# Activations whose values are no probabilities: the loss clips them to [1e-7, 1 - 1e-7] (Keras
# backend/tensorflow/nn.py), where the gradient is 0.
_NO_PROBABILITY = (
    "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "mish", "tanh",
    "softsign", "log_softmax", "log_sigmoid",
)  # fmt: skip
_YES_NO = ("binary", "multi-hot", "one-hot", "distribution")

ENTROPIES: tuple[Loss, ...] = (
    Loss(
        name="binary_crossentropy",
        title="binary cross-entropy",
        aliases=("bce",),
        task="binary",
        codings=_YES_NO,
        units=LIKE_TARGETS,
        needs=PROBABILITY,
        activations=("sigmoid", "hard_sigmoid"),
        logits=("linear",),
        never=(*_NO_PROBABILITY, "softplus", "exponential"),
        low=0.0,
        high=1.0,
        wrong=(
            "Outputs that are no probabilities are clipped and get no gradient; a softmax makes the "
            "labels compete, "
            "and on one unit it is always 1; with labels beyond 0 and 1 the loss has no lower bound."
        ),
        change=(
            "Use a sigmoid on the output (or a linear output with from_logits=True) and labels of 0 and 1."
        ),
        best=entropies.binary_crossentropy,
        floor_of=entropies.binary_floor,
        source=_PROBABILISTIC + "#binarycrossentropy-class",
    ),
    Loss(
        name="binary_focal_crossentropy",
        title="binary focal cross-entropy",
        aliases=("binary_focal", "focal", "focal_loss", "binary_focal_loss"),
        task="binary",
        codings=_YES_NO,
        units=LIKE_TARGETS,
        needs=PROBABILITY,
        activations=("sigmoid", "hard_sigmoid"),
        logits=("linear",),
        never=(*_NO_PROBABILITY, "softplus", "exponential"),
        low=0.0,
        high=1.0,
        wrong=(
            "It uses the outputs themselves, never the logits behind them: with from_logits=True a "
            "sigmoid is taken "
            "twice; labels beyond 0 and 1 make it negative or NaN."
        ),
        change=(
            "Use a sigmoid on the output (or a linear output with from_logits=True) and labels of 0 and 1."
        ),
        best=focal.binary_focal_crossentropy,
        floor_of=focal.binary_focal_floor,
        source=_PROBABILISTIC + "#binaryfocalcrossentropy-class",
    ),
    Loss(
        name="categorical_crossentropy",
        title="categorical cross-entropy",
        aliases=("cce", "crossentropy", "softmax_crossentropy"),
        task="multiclass",
        codings=("one-hot", "distribution"),
        units=LIKE_TARGETS,
        needs=SIMPLEX,
        activations=("softmax",),
        logits=("linear", "log_softmax"),
        never=_NO_PROBABILITY,
        low=0.0,
        high=1.0,
        wrong=(
            "Rows of outputs that do not sum to 1 are divided by their sum, which may be 0 or negative; "
            "rows of "
            "labels that do not sum to 1 (several classes at once) drive the weights to infinity; one "
            "unit gives 0."
        ),
        change="Use Dense(classes, activation='softmax') and one-hot rows; sparse_ for class numbers.",
        best=entropies.categorical_crossentropy,
        floor_of=entropies.categorical_floor,
        source=_PROBABILISTIC + "#categoricalcrossentropy-class",
    ),
    Loss(
        name="sparse_categorical_crossentropy",
        title="sparse categorical cross-entropy",
        aliases=("scce", "sparse_crossentropy", "sparse_categorical"),
        task="multiclass",
        codings=("integer", "binary"),
        units=CLASSES,
        needs=SIMPLEX,
        activations=("softmax",),
        logits=("linear", "log_softmax"),
        never=(*_NO_PROBABILITY, "softplus", "exponential"),
        low=0.0,
        dtype="integer",
        wrong=(
            "Labels are cut to whole numbers, so fractions all become class 0; a label at or above the "
            "number of "
            "units is an error without XLA and a silent NaN with it."
        ),
        change="Use class numbers 0..k-1 and Dense(k, activation='softmax').",
        best=entropies.sparse_categorical_crossentropy,
        source=_PROBABILISTIC + "#sparsecategoricalcrossentropy-class",
    ),
    Loss(
        name="categorical_focal_crossentropy",
        title="categorical focal cross-entropy",
        aliases=("categorical_focal", "categorical_focal_loss"),
        task="multiclass",
        codings=("one-hot", "distribution"),
        units=LIKE_TARGETS,
        needs=SIMPLEX,
        activations=("softmax",),
        logits=("linear", "log_softmax"),
        never=_NO_PROBABILITY,
        low=0.0,
        high=1.0,
        wrong=(
            "As categorical cross-entropy; it never looks behind a softmax, so from_logits=True takes it "
            "twice."
        ),
        change="Use Dense(classes, activation='softmax') and one-hot rows.",
        best=focal.categorical_focal_crossentropy,
        floor_of=focal.categorical_focal_floor,
        source=_PROBABILISTIC + "#categoricalfocalcrossentropy-class",
    ),
    Loss(
        name="kl_divergence",
        title="KL divergence",
        aliases=("kld", "kullback_leibler_divergence", "kl"),
        task="distribution",
        codings=("distribution", "one-hot"),
        units=LIKE_TARGETS,
        needs=SIMPLEX,
        activations=("softmax",),
        never=(*_NO_PROBABILITY, "sigmoid", "hard_sigmoid", "softplus", "exponential"),
        low=0.0,
        high=1.0,
        wrong=(
            "Unless the rows of outputs and labels sum to 1, an output of 1 everywhere is a minimum at or "
            "below 0 "
            "that has learned nothing."
        ),
        change=(
            "Use a softmax output and rows of labels that sum to 1; for several labels at once, BCE and "
            "sigmoid."
        ),
        best=entropies.kl_divergence,
        floor_of=entropies.kl_floor,
        source=_PROBABILISTIC + "#kldivergence-class",
    ),
)
