"""Batch sizes, and architectures that cannot do it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.settings_parts import (
    ACCURATE,
    ADAM,
    FIT,
    GOOD_FIT,
    digits_net,
    law_net,
    made,
)
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import layers, optimizers
from benchmarks.diagnosis.tables import Fit


def _bn_conv(seed: int, *, norm: bool = True) -> Any:
    stack = [layers.Dense(32), layers.BatchNormalization(momentum=0.9), layers.ReLU()]
    stack += [layers.Dense(10, activation="softmax")]
    adam = optimizers.Adam(0.01)
    return sequential(
        (64,), *stack, optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def _where(seed: int) -> Fit:
    """Is the bright spot left or right? The spot itself is always the same."""
    rng = np.random.default_rng(seed)
    x = 0.1 * rng.random((900, 10, 10, 1))
    r, c = rng.integers(0, 10, 900), rng.integers(0, 10, 900)
    x[np.arange(900), r, c] = 1.0
    return tables.split(x.astype("float32"), (c > 4).astype("float32"), seed)


def _where_net(seed: int, *, pooled: bool) -> Any:
    end = layers.GlobalAveragePooling2D() if pooled else layers.Flatten()
    stack = [layers.Conv2D(8, 1, activation="relu"), end, layers.Dense(16, activation="relu")]
    return sequential(
        (10, 10, 1),
        *stack,
        layers.Dense(1, activation="sigmoid"),
        optimizer=optimizers.Adam(0.005),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )


def _order(seed: int) -> Fit:
    """Does word 1 come before word 2? Which words there are tells nothing."""
    rng = np.random.default_rng(seed)
    x = rng.integers(3, 30, size=(1200, 12))
    y = (np.arange(1200) % 2).astype("float32")
    for row, label in zip(x, y, strict=True):
        first, second = np.sort(rng.choice(12, 2, replace=False))
        row[first], row[second] = (1, 2) if label else (2, 1)
    return tables.split(x.astype("int32"), y, seed)


def _order_net(seed: int, *, bag: bool) -> Any:
    reader = layers.GlobalAveragePooling1D() if bag else layers.GRU(24)
    stack = [
        layers.Embedding(30, 12),
        reader,
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
    adam = optimizers.Adam(0.01)
    return sequential((12,), *stack, optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])


def _numbers_net(seed: int, *, embedded: bool) -> Any:
    """Word numbers straight into dense layers, or through an embedding."""
    front = [layers.Embedding(400, 16), layers.GlobalAveragePooling1D()] if embedded else []
    stack = [layers.Dense(32, activation="relu"), layers.Dense(1, activation="sigmoid")]
    adam = optimizers.Adam(0.01)
    return sequential((20,), *front, *stack, optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])


BUILD = "architecture-ill-suited"
SGD = made("SGD", learning_rate=0.1)

CASES = (
    pair(
        "batch-one-with-norm",
        "Batch normalisation over digits, one row a batch.",
        "batch-size-ill-suited architecture-ill-suited",
        ACCURATE,
        lambda seed: tables.digits(seed, rows=900),
        _bn_conv,
        ({"epochs": 3, "batch_size": 1}, {"epochs": 15, "batch_size": 32}),
    ),
    pair(
        "batch-whole-set",
        "batch_size=2000 for 1257 rows: one step an epoch.",
        "batch-size-ill-suited too-few-epochs learning-rate-too-low",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=ADAM),
        ({"epochs": 15, "batch_size": 2000}, FIT),
    ),
    pair(
        "batch-whole-set-moons",
        "The whole set of moons a batch, thirty epochs of SGD.",
        "batch-size-ill-suited too-few-epochs learning-rate-too-low",
        last("val_loss", below=0.45),
        problems.blobs,
        lambda seed: sequential(
            (6,),
            layers.Dense(24, activation="relu"),
            layers.Dense(4, activation="softmax"),
            optimizer=SGD(),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        ),
        ({"epochs": 30, "batch_size": 630}, {"epochs": 30, "batch_size": 16}),
    ),
    pair(
        "batch-one-hot-sgd",
        "One row a batch at a rate that thirty-two bear well.",
        "batch-size-ill-suited learning-rate-too-high",
        every(GOOD_FIT),
        problems.friction,
        partial(law_net, optimizer=made("SGD", learning_rate=0.12)),
        ({"epochs": 4, "batch_size": 1}, {"epochs": 40, "batch_size": 32}),
    ),
    pair(
        "build-pooled-place",
        "Which side is the spot on? An average over the picture cannot tell.",
        BUILD,
        ACCURATE,
        _where,
        (partial(_where_net, pooled=True), partial(_where_net, pooled=False)),
        FIT,
    ),
    pair(
        "build-bag-of-words",
        "The order of two words is asked for and the words are averaged.",
        BUILD,
        ACCURATE,
        _order,
        (partial(_order_net, bag=True), partial(_order_net, bag=False)),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "build-word-numbers",
        "Word numbers up to 400 as quantities into dense layers.",
        BUILD + " unscaled-features",
        ACCURATE,
        problems.texts,
        (partial(_numbers_net, embedded=False), partial(_numbers_net, embedded=True)),
        FIT,
    ),
)
