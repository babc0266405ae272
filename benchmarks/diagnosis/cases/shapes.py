"""Wrong numbers of output units, and losses without a floor."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.outputs_parts import (
    ACCURATE,
    FIT,
    LAYER,
    LONG,
    NUMBER,
    losses,
    net,
)
from benchmarks.diagnosis.cases.targets_parts import (
    CODING,
    SHAPE,
    column_labels,
    iris,
)
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import layers, ops, optimizers
from benchmarks.diagnosis.tables import Fit


def _iris_onehot(seed: int) -> Fit:
    return tables.onehot(iris(seed), 3)


def _raw_autoencoder(seed: int, scale: float) -> Fit:
    fit = tables.digits(seed, scale=scale)
    (xv, _), x = fit["validation_data"], fit["x"]
    return {"x": x / (16 / scale), "y": x, "validation_data": (xv / (16 / scale), xv)}


def _auto_net(seed: int) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(64, activation="sigmoid")]
    return sequential(
        (64,), *stack, optimizer=optimizers.Adam(0.005), loss="binary_crossentropy", metrics=["mae"]
    )


def _counts_net(seed: int, out: Any) -> Any:
    return net(seed, 5, 1, out, "poisson", metrics=("mae",), rate=0.003)


def _wrong_sign(y: Any, p: Any) -> Any:
    """A score to be raised, handed over as a loss to be lowered, with the sign forgotten."""
    return -ops.mean(ops.square(y - p), axis=-1)


def _right_sign(y: Any, p: Any) -> Any:
    return ops.mean(ops.square(y - p), axis=-1)


def _margin(y: Any, p: Any) -> Any:
    """Wasserstein critic's loss with nothing that bounds the critic."""
    return -ops.mean((2.0 * y - 1.0) * p, axis=-1)


def _margin_bounded(y: Any, p: Any) -> Any:
    return ops.mean(ops.relu(1.0 - (2.0 * y - 1.0) * p), axis=-1)


def _share_right(y: Any, p: Any) -> Any:
    p, y = ops.reshape(p, (-1,)), ops.reshape(y, (-1,))
    return ops.mean(ops.cast(ops.equal(p > 0, y > 0.5), "float32"))


def _critic(seed: int, loss: Any) -> Any:
    stack = [layers.Dense(24, activation="relu"), layers.Dense(24, activation="relu"), layers.Dense(1)]
    return sequential((2,), *stack, optimizer=optimizers.Adam(0.005), loss=loss, metrics=[_share_right])


CASES = (
    pair(
        "shape-three-classes-one-sigmoid",
        "One sigmoid and binary cross-entropy for three species.",
        f"{SHAPE} {CODING} unbounded-loss",
        ACCURATE,
        (column_labels, iris),
        (
            partial(net, features=4, units=1, out="sigmoid", loss="binary_crossentropy"),
            partial(net, features=4, units=3, out="softmax", loss="sparse_categorical_crossentropy"),
        ),
        LONG,
    ),
    pair(
        "shape-nine-units-for-ten",
        "Dense(9): the nine was taken for the number of digits.",
        f"{SHAPE} {CODING}",
        ACCURATE,
        tables.digits,
        (
            partial(net, features=64, units=9, out="softmax", loss="sparse_categorical_crossentropy"),
            partial(net, features=64, units=10, out="softmax", loss="sparse_categorical_crossentropy"),
        ),
        FIT,
    ),
    pair(
        "shape-three-units-one-column",
        "Three softmax units with mse against a column of class numbers, silently stretched.",
        f"{SHAPE} {CODING}",
        ACCURATE,
        (column_labels, _iris_onehot),
        (
            partial(net, features=4, units=3, out="softmax", loss="mse"),
            partial(net, features=4, units=3, out="softmax", loss="categorical_crossentropy"),
        ),
        LONG,
    ),
    pair(
        "shape-cce-one-unit-species",
        "Species as numbers, one softmax unit and categorical cross-entropy: loss 0 from the start.",
        f"{SHAPE} {CODING} {LAYER}",
        ACCURATE,
        (column_labels, _iris_onehot),
        (
            partial(net, features=4, units=1, out="softmax", loss="categorical_crossentropy"),
            partial(net, features=4, units=3, out="softmax", loss="categorical_crossentropy"),
        ),
        LONG,
    ),
    pair(
        "floor-sign-forgotten",
        "A score to be raised was handed over as a loss: it falls without end.",
        "unbounded-loss",
        last("val_mae", below=0.4),
        problems.friction,
        losses(lambda: _wrong_sign, lambda: _right_sign, **NUMBER, out=None),
        FIT,
    ),
    pair(
        "floor-critic-unbounded",
        "A critic's score of either class with nothing to hold it.",
        "unbounded-loss",
        every(last("val_loss", above=-5.0), last("val__share_right", above=0.9)),
        problems.moons,
        (partial(_critic, loss=_margin), partial(_critic, loss=_margin_bounded)),
        LONG,
    ),
    pair(
        "floor-bce-on-grey-values",
        "An autoencoder with binary cross-entropy on pixels of 0..255.",
        f"{CODING} unbounded-loss unscaled-targets",
        every(last("val_loss", above=0.0), last("val_mae", below=0.12)),
        (partial(_raw_autoencoder, scale=16 / 255), partial(_raw_autoencoder, scale=16.0)),
        _auto_net,
        FIT,
    ),
    pair(
        "floor-poisson-linear",
        "Poisson loss with a linear output: below zero its logarithm is not a number.",
        f"{LAYER} numerical-instability",
        last("val_mae", below=2.2),
        problems.counts,
        (partial(_counts_net, out=None), partial(_counts_net, out="exponential")),
        LONG,
    ),
)
