"""Healthy controls: noise floors and small data."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.well_classic_parts import (
    ACCURATE,
    FIT,
    LONG,
    law_net,
    logit_net,
    made,
)
from benchmarks.diagnosis.kit import control, last, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.tables import Fit


def _coin(seed: int) -> Fit:
    """A weighted coin: the best loss is far above nought and is reached within two epochs."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3000, 4)).astype("float32")
    y = rng.random(3000) < 1 / (1 + np.exp(-0.5 * x[:, 0]))
    return tables.split(x, y.astype("float32"), seed)


def _murky(seed: int) -> Fit:
    """A number of which two thirds are noise."""
    return problems.line(seed, rows=1200, noise=2.5)


def _l1(seed: int) -> Any:
    penalty = keras.regularizers.L1(0.002)
    stack = [
        layers.Dense(48, activation="relu", kernel_regularizer=penalty),
        layers.Dense(10, activation="softmax"),
    ]
    return sequential(
        (64,),
        *stack,
        optimizer=optimizers.Adam(0.003),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _iris(seed: int) -> Fit:
    return tables.iris(seed)


def _iris_net(seed: int) -> Any:
    """Centimetres as they come: small enough to need no scaling."""
    stack = [layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax")]
    return sequential(
        (4,),
        *stack,
        optimizer=optimizers.Adam(0.02),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _ridge(seed: int) -> Any:
    penalty = keras.regularizers.L2(0.01)
    return sequential(
        (10,),
        layers.Dense(1, kernel_regularizer=penalty),
        optimizer=optimizers.Adam(0.02),
        loss="mse",
        metrics=["mse"],
    )


def _tiny(seed: int) -> Fit:
    """Thirty rows on a line."""
    return problems.line(seed, rows=44, features=2)


CASES = (
    control(
        "well-coin-tosses",
        "A weighted coin; 0.66 is as low as it gets and is reached at once.",
        last("val_loss", below=0.685),
        _coin,
        partial(logit_net, features=4),
        FIT,
    ),
    control(
        "well-murky-regression",
        "Two thirds of the target are noise.",
        last("val_loss", below=9.0),
        _murky,
        partial(law_net, optimizer=made("Adam", learning_rate=0.001), features=8),
        {"epochs": 8, "batch_size": 32},
    ),
    control(
        "well-l1",
        "An L1 penalty: a first loss of 6 where ln 10 is due, and most weights at nought in the end.",
        ACCURATE,
        tables.digits,
        _l1,
        {"epochs": 25, "batch_size": 32},
    ),
    control(
        "well-iris-unscaled",
        "Iris in centimetres, eight tanh units, no scaling needed.",
        ACCURATE,
        _iris,
        _iris_net,
        {"epochs": 50, "batch_size": 8},
    ),
    control(
        "well-ridge-diabetes",
        "A ridge regression: mse 0.5 is what this table gives.",
        last("val_mse", below=0.75),
        lambda seed: tables.standard(tables.diabetes(seed), targets=True),
        _ridge,
        LONG,
    ),
    control(
        "well-thirty-rows",
        "Thirty rows, two columns, a line.",
        last("val_loss", below=0.1),
        _tiny,
        lambda seed: sequential((2,), layers.Dense(1), optimizer=optimizers.SGD(0.1), loss="mse"),
        {"epochs": 40, "batch_size": 5},
    ),
)
