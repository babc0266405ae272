"""Blind healthy controls: runs that work, with habits that look odd."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.cases.blind_outputs import _whole as whole
from benchmarks.diagnosis.cases.blind_parts import (
    ACCURATE,
    airline,
    altered,
    cancer,
    churn,
    friedman,
    grey,
    mlp,
    net,
    news,
    rings,
    suburbs_scaled,
    xor,
)
from benchmarks.diagnosis.cases.blind_settings import BCE, SPARSE, adam, sgd
from benchmarks.diagnosis.kit import control, last
from benchmarks.diagnosis.lazy import keras, layers
from benchmarks.diagnosis.tables import Fit

E30: dict[str, Any] = {"epochs": 30, "batch_size": 32}


def _ones(seed: int) -> Fit:
    """Bits, and how many of them are one: x [n, 16, 1], y [n, 1]."""
    x = np.random.default_rng(seed).integers(0, 2, size=(900, 16, 1)).astype("float32")
    return tables.split(x, x.sum(1), seed)


def _conv() -> list[Any]:
    return [
        layers.Conv2D(12, 3, use_bias=False),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Flatten(),
        layers.Dropout(0.3),
        layers.Dense(10, activation="softmax"),
    ]


def _text() -> list[Any]:
    return [
        layers.Embedding(600, 16),
        layers.Conv1D(24, 3, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(5, activation="softmax"),
    ]


def _functional(seed: int) -> Any:
    x = keras.Input((13,))
    wide = layers.Dense(32, activation="elu")(x)
    out = layers.Dense(1)(layers.Concatenate()([x, wide]))
    model = keras.Model(x, out)
    model.compile(optimizer="rmsprop", loss="mae", metrics=["r2_score"])
    return model


def _plateau(seed: int) -> list[Any]:
    return [keras.callbacks.ReduceLROnPlateau(patience=3), keras.callbacks.EarlyStopping(patience=8)]


CASES = (
    control(
        "blind-well-xor",
        "XOR, four rows, learnt.",
        last("accuracy", above=0.9),
        xor,
        mlp(2, (1, "sigmoid"), (8,), "tanh", optimizer=adam(0.05), **BCE),
        {"epochs": 300, "batch_size": 4},
    ),
    control(
        "blind-well-iris-raw",
        "Iris in centimetres, a hundred epochs of Adam.",
        ACCURATE,
        tables.iris,
        mlp(4, (3, "softmax"), (16,), **SPARSE),
        {"epochs": 100, "batch_size": 8},
    ),
    control(
        "blind-well-rings-tanh",
        "Two rings with tanh and SGD.",
        ACCURATE,
        rings,
        mlp(2, (1, "sigmoid"), (24, 12), "tanh", optimizer=sgd(0.5), **BCE),
        {"epochs": 60, "batch_size": 32},
    ),
    control(
        "blind-well-logistic",
        "Logistic regression of the tumours: one Dense, hardly any parameters.",
        ACCURATE,
        cancer,
        mlp(30, (1, "sigmoid"), (), optimizer=adam(0.01), **BCE),
        E30,
    ),
    control(
        "blind-well-airline",
        "Passengers over 600 into an LSTM.",
        last("val_r2_score", above=0.8),
        partial(airline, top=600.0),
        net(
            (12, 1),
            lambda: [layers.LSTM(16, activation="tanh"), layers.Dense(1)],
            loss="mse",
            metrics=["r2_score"],
            optimizer=adam(0.01),
        ),
        {"epochs": 50, "batch_size": 16},
    ),
    control(
        "blind-well-autoencoder",
        "Pixels in 0..1 through a code of 16 with sigmoid and binary cross-entropy.",
        last("val_loss", below=0.4),
        altered(grey, whole),
        mlp(256, (256, "sigmoid"), (64, 16, 64), loss="binary_crossentropy", optimizer=adam(0.003)),
        E30,
    ),
    control(
        "blind-well-cnn-norm",
        "A CNN with batch norm and dropout.",
        ACCURATE,
        partial(tables.digits, image=True),
        net((8, 8, 1), _conv, optimizer="adam", **SPARSE),
        {"epochs": 12, "batch_size": 32},
    ),
    control(
        "blind-well-text-conv",
        "Topics by a convolution over words.",
        ACCURATE,
        news,
        net((25,), _text, optimizer=adam(0.003), **SPARSE),
        {"epochs": 15, "batch_size": 32},
    ),
    control(
        "blind-well-wide-and-deep",
        "Prices with a shortcut from the inputs, mae and RMSprop.",
        last("val_r2_score", above=0.7),
        partial(suburbs_scaled, targets=True),
        _functional,
        {"epochs": 60, "batch_size": 16},
    ),
    control(
        "blind-well-plateau",
        "ReduceLROnPlateau and EarlyStopping end it.",
        last("val_loss", below=0.25),
        friedman,
        mlp(10, (1, None), (64, 64), loss="mse", optimizer=sgd(0.02, momentum=0.9, clipnorm=1.0)),
        {"epochs": 80, "batch_size": 32},
        _plateau,
    ),
    control(
        "blind-well-count-ones",
        "A GRU counts ones: targets 0..16, not scaled.",
        last("val_loss", below=1.0),
        _ones,
        net((16, 1), lambda: [layers.GRU(24), layers.Dense(1)], loss="mse", optimizer=adam(0.01)),
        E30,
    ),
    control(
        "blind-well-two-units",
        "Yes or no by two softmax units over integer labels, and a hundred in a batch.",
        ACCURATE,
        churn,
        mlp(10, (2, "softmax"), (64, 32), "gelu", optimizer=adam(0.002), **SPARSE),
        {"epochs": 40, "batch_size": 100},
    ),
    control(
        "blind-well-centred-prices",
        "Prices of 22 +- 6 as they are, columns scaled.",
        last("val_loss", below=15.0),
        suburbs_scaled,
        mlp(13, (1, None), (64, 64), loss="mse", optimizer=adam(0.003)),
        {"epochs": 60, "batch_size": 16},
    ),
)
