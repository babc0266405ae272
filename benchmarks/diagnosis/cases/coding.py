"""Losses that do not suit the coding of the targets."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.outputs_parts import (
    ACCURATE,
    BOARD,
    FIT,
    LAYER,
    LONG,
    NUMBER,
    PICTURE,
    digits_onehot,
    losses,
    net,
)
from benchmarks.diagnosis.cases.targets_parts import (
    CODING,
    SHAPE,
    column_labels,
    iris,
)
from benchmarks.diagnosis.kit import last, pair
from benchmarks.diagnosis.lazy import ops
from benchmarks.diagnosis.problems import change
from benchmarks.diagnosis.tables import Fit


def _share_of_sides(y: Any, p: Any) -> Any:
    """Share of rows on their own side, whichever two numbers stand for the classes."""
    middle = (ops.max(y) + ops.min(y)) / 2.0
    return ops.mean(ops.cast(ops.equal(p > 0, y > middle), "float32"))


def _coded(low: float, high: float) -> Any:
    """Board labels as two other numbers."""
    return lambda seed: change(problems.board(seed), y=lambda y: (low + (high - low) * y).astype("float32"))


def _from_one(seed: int) -> Fit:
    """Classes counted from 1, with as many units as classes."""
    return change(tables.digits(seed), y=lambda y: y + 1)


def _over_255(seed: int) -> Fit:
    return change(digits_onehot(seed), y=lambda y: y / 255.0)


def _votes(seed: int, *, whole: bool) -> Fit:
    """Shares of four parties, as rows that sum to one or as counts of votes."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(900, 6)).astype("float32")
    heat = np.exp(x @ np.random.default_rng(3).normal(size=(6, 4)))
    share = heat / heat.sum(1, keepdims=True)
    size = rng.integers(20, 400, size=(900, 1))
    return tables.split(x, (share * size if whole else share).astype("float32"), seed)


def _direction_net(seed: int, loss: str) -> Any:
    return net(seed, 6, 2, None, loss, metrics=("mae",))


def _pairs(seed: int) -> Fit:
    """Two numbers a row that matter by their size, not by their direction."""

    def two(x: Any) -> Any:
        return np.stack([2 + np.abs(x[:, 0]) * 2, 2 + np.abs(x[:, 1]) * 2], 1).astype("float32")

    fit = problems.friction(seed)
    xv, _ = fit["validation_data"]
    return {**fit, "y": two(fit["x"]), "validation_data": (xv, two(xv))}


CASES = (
    pair(
        "coding-bce-one-two",
        "Classes 1 and 2 into binary cross-entropy: the loss runs below zero.",
        f"{CODING} unbounded-loss",
        ACCURATE,
        (_coded(1, 2), problems.board),
        partial(net, **BOARD, out="sigmoid", loss="binary_crossentropy"),
        LONG,
    ),
    pair(
        "coding-bce-plus-minus",
        "Labels -1 and 1 into binary cross-entropy.",
        f"{CODING} unbounded-loss",
        ACCURATE,
        (_coded(-1, 1), problems.board),
        partial(net, **BOARD, out="sigmoid", loss="binary_crossentropy"),
        LONG,
    ),
    pair(
        "coding-hinge-one-two",
        "Squared hinge on classes 1 and 2.",
        CODING,
        last("val__share_of_sides", above=0.85),
        (_coded(1, 2), _coded(-1, 1)),
        partial(net, **BOARD, out="tanh", loss="squared_hinge", metrics=(_share_of_sides,)),
        LONG,
    ),
    pair(
        "coding-classes-from-one",
        "Ten units and labels 1..10: NaN on the CPU without any message.",
        f"{CODING} {SHAPE}",
        ACCURATE,
        (_from_one, tables.digits),
        partial(net, **PICTURE, out="softmax", loss="sparse_categorical_crossentropy"),
        FIT,
    ),
    pair(
        "coding-mse-on-species",
        "Three species as 0, 1, 2 and one ReLU unit with mse; accuracy never gets beyond a third or so.",
        f"{CODING} {SHAPE} {LAYER}",
        ACCURATE,
        (column_labels, iris),
        (
            partial(net, features=4, units=1, out="relu", loss="mse"),
            partial(net, features=4, units=3, out="softmax", loss="sparse_categorical_crossentropy"),
        ),
        LONG,
    ),
    pair(
        "coding-multi-hot-cce",
        "Several labels a row under categorical cross-entropy with softmax: the loss climbs.",
        f"{CODING} {LAYER}",
        last("val_binary_accuracy", above=0.9),
        problems.tags,
        (
            partial(
                net,
                features=12,
                units=6,
                out="softmax",
                loss="categorical_crossentropy",
                metrics=("binary_accuracy",),
            ),
            partial(
                net,
                features=12,
                units=6,
                out="sigmoid",
                loss="binary_crossentropy",
                metrics=("binary_accuracy",),
            ),
        ),
        LONG,
    ),
    pair(
        "coding-onehot-over-255",
        "The one-hot labels were divided by 255 along with the pixels.",
        f"{CODING} {LAYER}",
        ACCURATE,
        (_over_255, digits_onehot),
        partial(net, **PICTURE, out="softmax", loss="mse", rate=0.002),
        FIT,
    ),
    pair(
        "coding-msle-below-zero",
        "Mean squared logarithmic error where half of the targets are negative.",
        CODING,
        last("val_mae", below=0.25),
        problems.friction,
        losses("mean_squared_logarithmic_error", "mse", **NUMBER, out=None),
        LONG,
    ),
    pair(
        "coding-kl-votes",
        "KL divergence on counts of votes instead of shares.",
        CODING,
        last("val_loss", below=0.1),
        (partial(_votes, whole=True), partial(_votes, whole=False)),
        partial(net, features=6, units=4, out="softmax", loss="kl_divergence", metrics=("mae",)),
        FIT,
    ),
    pair(
        "coding-bce-on-numbers",
        "Binary cross-entropy and a sigmoid for a standardised number.",
        f"{CODING} {LAYER} unbounded-loss",
        last("val_mae", below=0.4),
        problems.friction,
        (
            partial(net, **NUMBER, out="sigmoid", loss="binary_crossentropy"),
            partial(net, **NUMBER, out=None, loss="mse"),
        ),
        LONG,
    ),
    pair(
        "coding-cosine-for-sizes",
        "Cosine similarity as loss where the size of the numbers matters.",
        CODING,
        last("val_mae", below=0.35),
        _pairs,
        (partial(_direction_net, loss="cosine_similarity"), partial(_direction_net, loss="mse")),
        LONG,
    ),
    pair(
        "coding-mape-around-zero",
        "Percentage error where targets lie around zero: loss in the thousands, a net that says 0.",
        CODING,
        last("val_mae", below=0.35),
        problems.friction,
        losses("mean_absolute_percentage_error", "mae", **NUMBER, out=None),
        LONG,
    ),
)
