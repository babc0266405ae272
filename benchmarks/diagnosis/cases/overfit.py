"""Overfitting of several kinds."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.fitting_parts import (
    FIT,
)
from benchmarks.diagnosis.kit import History, every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.tables import Fit


def _no_turn(history: History) -> bool:
    """The validation loss ends near its lowest."""
    return history["val_loss"][-1] < 1.25 * min(history["val_loss"])


def _ill(seed: int) -> Fit:
    return tables.standard(tables.diabetes(seed), targets=True)


def _ill_net(seed: int, *, width: int, l2: float = 0.0, drop: float = 0.0) -> Any:
    penalty = (lambda: keras.regularizers.L2(l2)) if l2 else (lambda: None)
    stack = [layers.Dense(width, activation="relu", kernel_regularizer=penalty()), layers.Dropout(drop)]
    stack += [
        layers.Dense(width, activation="relu", kernel_regularizer=penalty()),
        layers.Dropout(drop),
        layers.Dense(1),
    ]
    return sequential((10,), *stack, optimizer=optimizers.Adam(0.002), loss="mse", metrics=["mse"])


def _noisy_moons(seed: int, rows: int) -> Fit:
    return problems.moons(seed, rows=rows, noise=0.45)


def _moons_net(seed: int, *, widths: tuple[int, ...]) -> Any:
    stack = [layers.Dense(w, activation="relu") for w in widths] + [layers.Dense(1, activation="sigmoid")]
    return sequential(
        (2,), *stack, optimizer=optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"]
    )


def _wide_table(seed: int, rows: int = 260) -> Fit:
    """Three hundred columns of which three matter, and noise on top."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 300)).astype("float32")
    y = (x[:, 0] - x[:, 1] + 0.8 * x[:, 2] + 0.8 * rng.normal(size=rows) > 0).astype("float32")
    return tables.split(x, y, seed)


def _wide_net(seed: int, *, l1: float) -> Any:
    penalty = keras.regularizers.L1(l1) if l1 else None
    hidden = [] if l1 else [layers.Dense(64, activation="relu")]
    return sequential(
        (300,),
        *hidden,
        layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty),
        optimizer=optimizers.Adam(0.005),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )


def _opinions(seed: int, rows: int) -> Fit:
    """Texts in which one reader in five disagrees."""
    fit = problems.texts(seed, rows=rows, words=900)
    rng = np.random.default_rng(seed)
    return problems.change(fit, y=lambda y: np.where(rng.random(len(y)) < 0.2, 1 - y, y).astype("float32"))


def _opinion_net(seed: int, *, size: int, drop: float) -> Any:
    stack = [layers.Embedding(900, size), layers.GlobalAveragePooling1D(), layers.Dropout(drop)]
    stack.append(layers.Dense(1, activation="sigmoid"))
    adam = optimizers.Adam(0.02 if size > 8 else 0.003)
    return sequential((20,), *stack, optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])


def _noisy_digits(seed: int, rows: int) -> Fit:
    rng = np.random.default_rng(seed)
    fit = tables.digits(seed, image=True, rows=rows, share=0.5)
    return problems.change(fit, x=lambda x: (x + 0.35 * rng.normal(size=x.shape)).astype("float32"))


def _conv_net(seed: int) -> Any:
    stack = [
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
    ]
    stack += [layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")]
    loss = "sparse_categorical_crossentropy"
    return sequential((8, 8, 1), *stack, optimizer="adam", loss=loss, metrics=["accuracy"])


LONG = {"epochs": 50, "batch_size": 32}
OVER = "overfitting"

CASES = (
    pair(
        "over-diabetes-wide",
        "Two layers of 256 for 309 patients: training error to zero, validation error up.",
        OVER + " too-little-data",
        every(_no_turn, last("val_mse", below=0.75)),
        _ill,
        (partial(_ill_net, width=256), partial(_ill_net, width=24, l2=0.02, drop=0.3)),
        {"epochs": 60, "batch_size": 16},
    ),
    pair(
        "over-noisy-moons",
        "Moons that overlap, ninety points and three layers of 128.",
        OVER + " too-little-data",
        every(_no_turn, last("val_loss", below=0.55)),
        (partial(_noisy_moons, rows=130), partial(_noisy_moons, rows=800)),
        (partial(_moons_net, widths=(128, 128, 128)), partial(_moons_net, widths=(12,))),
        {"epochs": 60, "batch_size": 16},
    ),
    pair(
        "over-wide-table",
        "Three hundred columns and 182 rows; three columns matter.",
        OVER + " too-little-data",
        _no_turn,
        _wide_table,
        (partial(_wide_net, l1=0.0), partial(_wide_net, l1=0.02)),
        LONG,
    ),
    pair(
        "over-opinions",
        "An embedding learns the readers' contradictions by heart.",
        OVER + " label-noise",
        _no_turn,
        (partial(_opinions, rows=700), partial(_opinions, rows=2400)),
        (partial(_opinion_net, size=64, drop=0.0), partial(_opinion_net, size=4, drop=0.3)),
        ({"epochs": 30, "batch_size": 32}, FIT),
    ),
    pair(
        "over-noisy-digits-conv",
        "A conv net on two hundred grainy digits.",
        OVER + " too-little-data",
        every(_no_turn, last("val_accuracy", above=0.75)),
        (partial(_noisy_digits, rows=260), partial(_noisy_digits, rows=1797)),
        _conv_net,
        ({"epochs": 40, "batch_size": 32}, {"epochs": 4, "batch_size": 32}),
    ),
)
