"""The table's rows for losses on numbers: regression, counts and directions."""

from __future__ import annotations

import lossdoctor.losses.regression as regression
from lossdoctor.losses.loss_row import DIRECTION, LIKE_TARGETS, POSITIVE, REACH, Loss

_KERAS = "https://keras.io/api/losses/regression_losses/"
_NUMBERS = ("real", "constant", "integer", "binary", "sign", "multi-hot", "one-hot", "distribution")
_ANY_RANGE = (
    "linear", "relu", "softplus", "exponential", "leaky_relu", "elu", "selu", "sigmoid", "tanh", "softmax",
)  # fmt: skip
_REACH_WRONG = (
    "An output activation that cannot take the targets' values (sigmoid above 1, tanh beyond -1 and 1, "
    "relu "
    "below 0) leaves an error that no weights can remove; Dense(k) against targets of one column is "
    "broadcast "
    "silently, so that every unit is fitted to the same column; on class numbers the distance between "
    "classes "
    "means nothing."
)
_REACH_CHANGE = "Use a linear output with one unit per column of the targets; a cross-entropy for classes."

VALUES: tuple[Loss, ...] = (
    Loss(
        name="mean_squared_error",
        title="mean squared error",
        aliases=("mse",),
        task="regression",
        codings=_NUMBERS,
        units=LIKE_TARGETS,
        needs=REACH,
        activations=_ANY_RANGE,
        wrong=_REACH_WRONG,
        change=_REACH_CHANGE,
        best=regression.mean_squared_error,
        source=_KERAS + "#meansquarederror-class",
    ),
    Loss(
        name="mean_squared_logarithmic_error",
        title="mean squared logarithmic error",
        aliases=("msle",),
        task="regression",
        codings=("real", "constant", "integer", "binary"),
        units=LIKE_TARGETS,
        needs=REACH,
        activations=("linear", "relu", "softplus", "exponential"),
        low=0.0,
        wrong=(
            "Targets and outputs below 0 are clipped to 0 before the logarithm: negative targets are "
            "fitted as "
            "0, and an output below 0 gets no gradient at all."
        ),
        change="Keep the targets unscaled and at or above 0, or use mean squared error.",
        best=regression.mean_squared_logarithmic_error,
        source=_KERAS + "#meansquaredlogarithmicerror-class",
    ),
    Loss(
        name="mean_absolute_error",
        title="mean absolute error",
        aliases=("mae",),
        task="regression",
        codings=_NUMBERS,
        units=LIKE_TARGETS,
        needs=REACH,
        activations=_ANY_RANGE,
        wrong=_REACH_WRONG,
        change=_REACH_CHANGE,
        best=regression.mean_absolute_error,
        source=_KERAS + "#meanabsoluteerror-class",
    ),
    Loss(
        name="mean_absolute_percentage_error",
        title="mean absolute percentage error",
        aliases=("mape",),
        task="regression",
        codings=("real", "constant", "integer", "sign"),
        units=LIKE_TARGETS,
        needs=REACH,
        activations=_ANY_RANGE,
        wrong=(
            "Each error is divided by the target's size, at least 1e-7: a target of 0 makes the loss "
            "about 1e9."
        ),
        change="Leave out rows whose target is 0, or use mean absolute error.",
        best=regression.mean_absolute_percentage_error,
        source=_KERAS + "#meanabsolutepercentageerror-class",
    ),
    Loss(
        name="huber",
        title="Huber loss",
        aliases=("huber_loss",),
        task="regression",
        codings=_NUMBERS,
        units=LIKE_TARGETS,
        needs=REACH,
        activations=_ANY_RANGE,
        wrong=_REACH_WRONG + " With targets far from the size of delta it is absolute or squared error.",
        change=_REACH_CHANGE,
        best=regression.huber,
        source=_KERAS + "#huber-class",
    ),
    Loss(
        name="log_cosh",
        title="log-cosh loss",
        aliases=("logcosh",),
        task="regression",
        codings=_NUMBERS,
        units=LIKE_TARGETS,
        needs=REACH,
        activations=_ANY_RANGE,
        wrong=_REACH_WRONG,
        change=_REACH_CHANGE,
        best=regression.log_cosh,
        source=_KERAS + "#logcosh-class",
    ),
    Loss(
        name="poisson",
        title="Poisson loss",
        aliases=("poisson_loss", "poisson_nll"),
        task="counts",
        codings=("real", "constant", "integer", "binary", "multi-hot", "one-hot", "distribution"),
        units=LIKE_TARGETS,
        needs=POSITIVE,
        activations=("softplus", "exponential", "relu", "sigmoid", "softmax"),
        never=("linear", "tanh", "leaky_relu", "elu", "selu", "softsign", "log_softmax"),
        low=0.0,
        wrong=(
            "The loss takes the logarithm of the output: an output below 0 is NaN. With negative targets "
            "it can "
            "be lowered by an output of 0 whatever the inputs."
        ),
        change="Put an exponential or softplus on the output, and use it for counts and rates only.",
        lower=None,
        best=regression.poisson,
        floor_of=regression.poisson_floor,
        source="https://keras.io/api/losses/probabilistic_losses/#poisson-class",
    ),
    Loss(
        name="cosine_similarity",
        title="cosine similarity",
        aliases=("cosine_proximity", "cosine"),
        task="direction",
        codings=("real", "one-hot", "multi-hot", "distribution", "sign"),
        units=LIKE_TARGETS,
        needs=DIRECTION,
        activations=("linear", "tanh", "relu", "softmax", "sigmoid", "unit_normalization"),
        wrong=(
            "Only the direction of a row counts, so lengths are not learned, and with one unit only the "
            "sign is; "
            "outputs that cannot be negative cannot point where the targets do."
        ),
        change="Use a linear output with as many units as the targets have columns; its best value is -1.",
        lower=-1.0,
        best=regression.cosine_similarity,
        floor_of=regression.cosine_floor,
        source=_KERAS + "#cosinesimilarity-class",
    ),
)
