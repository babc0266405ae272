"""Unscaled targets."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.scales_parts import (
    E3,
    FEATURES,
    flats_net,
    scaled,
)
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import layers, optimizers
from benchmarks.diagnosis.problems import change


def _salary(seed: int, scale: float) -> dict[str, Any]:
    return change(problems.friction(seed), y=lambda y: (52000 + 9000 * y) / scale)


def _target_net(seed: int, optimizer: Any, activation: str = "relu") -> Any:
    stack = [
        layers.Dense(32, activation=activation),
        layers.Dense(32, activation=activation),
        layers.Dense(1),
    ]
    return sequential((6,), *stack, optimizer=optimizer(), loss="mse", metrics=["mae"])


def _yields(seed: int, *, raw: bool) -> dict[str, Any]:
    """Two targets in one array: one of unit size, one in the ten thousands."""
    fit = problems.friction(seed)
    wide = np.array([1.0, 4e4], "float32") if raw else np.ones(2, "float32")
    return {
        **fit,
        "y": np.concatenate([_front(fit["x"]), fit["y"]], 1) * wide,
        "validation_data": (
            fit["validation_data"][0],
            np.concatenate([_front(fit["validation_data"][0]), fit["validation_data"][1]], 1) * wide,
        ),
    }


def _front(x: Any) -> Any:
    return (x[:, 3:4] * 0.7 + 0.7 * x[:, 4:5]).astype("float32")


TARGETS = "unscaled-targets"

CASES = (
    pair(
        "scale-salary-adam",
        "Salaries near 52000 as targets, Adam as it comes: the loss stays at 2.7e9.",
        TARGETS + " learning-rate-too-low too-few-epochs",
        last("val_loss", below=0.2),
        (partial(_salary, scale=1), problems.friction),
        partial(_target_net, optimizer=lambda: optimizers.Adam(0.003)),
        E3,
    ),
    pair(
        "scale-salary-sgd-nan",
        "The same targets with optimizer='sgd': NaN within a few steps.",
        TARGETS + " learning-rate-too-high exploding-gradients",
        last("val_loss", below=0.45),
        (partial(_salary, scale=1), problems.friction),
        partial(_target_net, optimizer=lambda: "sgd"),
        E3,
    ),
    pair(
        "scale-salary-tanh",
        "Salaries in hundreds through tanh layers with RMSprop.",
        TARGETS,
        last("val_loss", below=0.2),
        (partial(_salary, scale=100.0), problems.friction),
        partial(_target_net, optimizer=lambda: optimizers.RMSprop(0.003), activation="tanh"),
        E3,
    ),
    pair(
        "scale-diabetes-raw-targets",
        "Progression 25..346 as it comes, SGD(0.0001): hardly better than the mean.",
        TARGETS + " learning-rate-too-low too-few-epochs",
        lambda h: h["val_loss"][-1] < 0.75 or 100 < h["val_loss"][-1] < 4000,
        (tables.diabetes, scaled(tables.diabetes, targets=True)),
        lambda seed: sequential(
            (10,), layers.Dense(32, activation="relu"), layers.Dense(1), optimizer="adam", loss="mse"
        ),
        {"epochs": 30, "batch_size": 16},
    ),
    pair(
        "scale-two-targets",
        "Two targets in one array, one ten thousand times the other.",
        TARGETS,
        last("val_loss", below=0.25),
        (partial(_yields, raw=True), partial(_yields, raw=False)),
        lambda seed: sequential(
            (6,),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(2),
            optimizer=optimizers.Adam(0.003),
            loss="mse",
        ),
        E3,
    ),
    pair(
        "scale-flats-nothing-scaled",
        "Neither the flats' columns nor their prices are scaled; the usual first try.",
        f"{TARGETS} {FEATURES}",
        last("val_loss", below=0.15),
        (problems.flats, scaled(problems.flats, targets=True)),
        flats_net,
        E3,
    ),
)
