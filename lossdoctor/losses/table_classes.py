"""The table's rows for losses on classes: cross-entropies, divergences and hinges."""

from __future__ import annotations

from lossdoctor.losses import entropies as entropy
from lossdoctor.losses import regression as formula
from lossdoctor.losses.base import CLASSES, LIKE_TARGETS, MARGIN, PROBABILITY, SCORE, SIMPLEX, Loss

_PROBABILISTIC = "https://keras.io/api/losses/probabilistic_losses/"
_HINGE = "https://keras.io/api/losses/hinge_losses/"
# Activations whose values are no probabilities: the loss clips them to [1e-7, 1 - 1e-7] (Keras
# backend/tensorflow/nn.py), where the gradient is 0.
_NO_PROBABILITY = (
    "linear", "relu", "relu6", "leaky_relu", "elu", "selu", "gelu", "silu", "swish", "mish", "tanh",
    "softsign", "log_softmax", "log_sigmoid",
)  # fmt: skip
_YES_NO = ("binary", "multi-hot", "one-hot", "distribution")

CLASSIFIERS: tuple[Loss, ...] = (
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
        best=entropy.binary_crossentropy,
        floor_of=entropy.binary_floor,
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
        best=entropy.binary_focal_crossentropy,
        floor_of=entropy.binary_focal_floor,
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
        best=entropy.categorical_crossentropy,
        floor_of=entropy.categorical_floor,
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
        best=entropy.sparse_categorical_crossentropy,
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
        best=entropy.categorical_focal_crossentropy,
        floor_of=entropy.categorical_focal_floor,
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
        best=entropy.kl_divergence,
        floor_of=entropy.kl_floor,
        source=_PROBABILISTIC + "#kldivergence-class",
    ),
    Loss(
        name="hinge",
        title="hinge loss",
        aliases=(),
        task="binary",
        codings=("sign", "binary", "multi-hot", "one-hot"),
        units=LIKE_TARGETS,
        needs=MARGIN,
        activations=("tanh", "linear", "softsign"),
        never=("sigmoid", "hard_sigmoid", "softmax", "relu", "softplus", "exponential"),
        low=-1.0,
        high=1.0,
        wrong=(
            "The labels are the sides -1 and 1 (Keras turns {0, 1} into them): an output that cannot be "
            "negative "
            "never reaches one side; labels such as {1, 2} are fitted by any output above 1."
        ),
        change="Use a tanh or linear output and labels -1 and 1.",
        best=formula.hinge,
        source=_HINGE + "#hinge-class",
    ),
    Loss(
        name="squared_hinge",
        title="squared hinge loss",
        aliases=(),
        task="binary",
        codings=("sign", "binary", "multi-hot", "one-hot"),
        units=LIKE_TARGETS,
        needs=MARGIN,
        activations=("tanh", "linear", "softsign"),
        never=("sigmoid", "hard_sigmoid", "softmax", "relu", "softplus", "exponential"),
        low=-1.0,
        high=1.0,
        wrong="As the hinge loss; labels beyond -1 and 1 weigh the margin unevenly.",
        change="Use a tanh or linear output and labels -1 and 1.",
        best=formula.squared_hinge,
        source=_HINGE + "#squaredhinge-class",
    ),
    Loss(
        name="categorical_hinge",
        title="categorical hinge loss",
        aliases=(),
        task="multiclass",
        codings=("one-hot",),
        units=LIKE_TARGETS,
        needs=SCORE,
        activations=("linear", "tanh", "softmax", "sigmoid", "relu"),
        low=0.0,
        high=1.0,
        wrong=(
            "Class numbers are broadcast over the units, and several classes at once add up: the loss "
            "then means nothing."
        ),
        change="Use one-hot rows and a linear output with one unit per class.",
        best=formula.categorical_hinge,
        source=_HINGE + "#categoricalhinge-class",
    ),
)
