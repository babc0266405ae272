"""Labels that are noisy, rare, or of other rows; too few rows."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.bad_data_parts import (
    ACCURATE,
    MANY,
    dense,
    mean_net,
)
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.tables import Fit


def _flipped(seed: int, share: float) -> Fit:
    """A share of the training labels is drawn anew at random."""
    fit = tables.digits(seed)
    rng = np.random.default_rng(seed)
    y = fit["y"].copy()
    wrong = rng.random(len(y)) < share
    y[wrong] = rng.integers(0, 10, wrong.sum())
    return {**fit, "y": y}


def _misread(seed: int, share: float) -> Fit:
    fit = tables.standard(tables.cancer(seed))
    wrong = np.random.default_rng(seed).random(len(fit["y"])) < share
    return {**fit, "y": np.where(wrong, 1 - fit["y"], fit["y"]).astype("float32")}


def _shuffled(data: Any, both: bool) -> Any:
    """Rows of y are permuted and those of x are not (in the validation rows too, if `both`)."""

    def broken(seed: int) -> Fit:
        fit, rng = data(seed), np.random.default_rng(seed)
        xv, yv = fit["validation_data"]
        return {
            **fit,
            "y": rng.permutation(fit["y"]),
            "validation_data": (xv, rng.permutation(yv) if both else yv),
        }

    return broken


def _shifted(seed: int, by: int) -> Fit:
    """Rows were dropped from x and not from y, so the labels lag behind by some rows."""
    fit = tables.digits(seed)
    xv, yv = fit["validation_data"]
    return {**fit, "y": np.roll(fit["y"], by), "validation_data": (xv, np.roll(yv, by))}


def _rare_net(seed: int) -> Any:
    metrics = ["accuracy", keras.metrics.Recall(name="recall")]
    return dense(seed, 8, 1, width=8, optimizer=lambda: optimizers.SGD(0.05), metrics=metrics)


def _weighed(seed: int) -> Fit:
    return {**problems.rare(seed), "class_weight": {0: 1.0, 1: 40.0}}


def _three(seed: int, *, weighed: bool) -> Fit:
    """Three grades in the proportion 96 : 2 : 2, overlapping."""
    rng = np.random.default_rng(seed)
    y = rng.choice(3, size=2500, p=[0.96, 0.02, 0.02])
    x = rng.normal(size=(2500, 6))
    x[:, 0] += 1.6 * (y == 1)
    x[:, 1] += 1.6 * (y == 2)
    fit = tables.split(x.astype("float32"), y, seed)
    even = np.concatenate([np.flatnonzero(fit["validation_data"][1] == k)[:12] for k in range(3)])
    xv, yv = fit["validation_data"]
    return (
        fit
        | {"validation_data": (xv[even], yv[even])}
        | ({"class_weight": {0: 1.0, 1: 48.0, 2: 48.0}} if weighed else {})
    )


def _few_texts(seed: int) -> Fit:
    """The first fourteen sentences only, judged on as many others as ever."""
    fit = problems.texts(seed)
    return {**fit, "x": fit["x"][:14], "y": fit["y"][:14]}


FEW = {"epochs": 60, "batch_size": 8}

CASES = (
    pair(
        "data-labels-half-random",
        "Sixty percent of the training labels are drawn at random; a wide net learns them by heart.",
        "label-noise overfitting misaligned-labels",
        last("val_accuracy", above=0.9),
        (partial(_flipped, share=0.6), partial(_flipped, share=0.0)),
        partial(dense, features=64, units=10, width=256),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "data-diagnoses-misread",
        "A third of the tumours have the wrong diagnosis; training goes on to 1.0.",
        "label-noise overfitting",
        last("val_loss", below=0.4),
        (partial(_misread, share=0.33), partial(_misread, share=0.0)),
        partial(dense, features=30, units=1, width=96),
        {"epochs": 40, "batch_size": 16},
    ),
    pair(
        "data-shuffled-apart-digits",
        "x and y were shuffled with different seeds; training creeps up, validation stays at chance.",
        "misaligned-labels label-noise overfitting",
        ACCURATE,
        (_shuffled(tables.digits, True), tables.digits),
        partial(dense, features=64, units=10, width=64),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "data-shuffled-apart-moons",
        "The labels were shuffled and the points were not; loss at ln 2.",
        "misaligned-labels label-noise",
        ACCURATE,
        (_shuffled(problems.moons, True), problems.moons),
        partial(dense, features=2, units=1),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-shuffled-apart-regression",
        "Targets of a regression in another order than their rows.",
        "misaligned-labels label-noise overfitting",
        last("val_loss", below=0.2),
        (_shuffled(problems.friction, True), problems.friction),
        partial(mean_net, features=6),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-labels-lag-one-row",
        "A dropna on x alone: every label belongs to the row before.",
        "misaligned-labels label-noise overfitting",
        ACCURATE,
        (partial(_shifted, by=1), partial(_shifted, by=0)),
        partial(dense, features=64, units=10, width=64),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "data-rare-event",
        "One and a half percent of ones: accuracy .985, none of them found.",
        "class-imbalance",
        last("val_recall", above=0.5),
        (problems.rare, _weighed),
        _rare_net,
        {"epochs": 10, "batch_size": 64},
    ),
    pair(
        "data-three-grades",
        "Grades of 96 : 2 : 2; on even validation data all is called the first.",
        "class-imbalance",
        last("val_accuracy", above=0.55),
        (partial(_three, weighed=False), partial(_three, weighed=True)),
        partial(dense, features=6, units=3, width=12),
        {"epochs": 12, "batch_size": 64},
    ),
    pair(
        "data-fourteen-rows",
        "Fourteen digits to learn ten classes from.",
        "too-little-data overfitting",
        ACCURATE,
        (partial(tables.digits, rows=47, share=0.3), tables.digits),
        partial(dense, features=64, units=10),
        (FEW, MANY),
    ),
    pair(
        "data-fourteen-texts",
        "Fourteen sentences and an embedding of four hundred words.",
        "too-little-data overfitting",
        last("val_accuracy", above=0.85),
        (_few_texts, problems.texts),
        lambda seed: sequential(
            (20,),
            layers.Embedding(400, 16),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
            optimizer=optimizers.Adam(0.02),
            loss="binary_crossentropy",
            metrics=["accuracy"],
        ),
        (FEW, MANY),
    ),
)
