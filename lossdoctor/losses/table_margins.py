"""The table's rows for losses on margins: the hinges."""

from __future__ import annotations

import lossdoctor.losses.regression as regression
from lossdoctor.losses.loss_row import LIKE_TARGETS, MARGIN, SCORE, Loss

_HINGE = "https://keras.io/api/losses/hinge_losses/"

MARGINS: tuple[Loss, ...] = (
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
        best=regression.hinge,
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
        best=regression.squared_hinge,
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
        best=regression.categorical_hinge,
        source=_HINGE + "#categoricalhinge-class",
    ),
)
