"""Delivery times in hours, but a few drivers typed minutes; the squared error does not come down."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def deliveries(seed, clean):
    rng = np.random.default_rng(seed)
    n = 1300
    dist = rng.uniform(0.5, 9, n)
    bags = rng.poisson(3, n)
    hour = rng.uniform(10, 22, n)
    snow = rng.random(n) < 0.1
    zone = rng.integers(0, 12, n)
    hours = (
        0.15
        + 0.09 * dist
        + 0.03 * bags
        + 0.2 * np.exp(-((hour - 19) ** 2) / 2)
        + 0.3 * snow
        + 0.02 * zone
        + rng.normal(0, 0.03, n)
    )
    y = hours.copy()
    typed_in_minutes = rng.random(n) < 0.02
    X = np.column_stack([dist / 9, bags / 8, (hour - 16) / 6, snow])
    if clean is False:
        y[typed_in_minutes] *= 60
    k = 1000
    X, y = X.astype("float32"), y.astype("float32")
    return {
        "x": [X[:k], zone[:k]],
        "y": y[:k],
        "validation_data": ([X[k:], zone[k:]], hours[k:].astype("float32")),
    }


def model(seed):
    num = layers.Input((4,), name="num")
    zone = layers.Input((1,), name="zone", dtype="int32")
    e = layers.Flatten()(layers.Embedding(12, 3)(zone))
    h = layers.Concatenate()([num, e])
    h = layers.Dense(32, activation="relu")(h)
    h = layers.Dense(32, activation="relu")(h)
    m = keras.Model([num, zone], layers.Dense(1)(h))
    m.compile(optimizer=keras.optimizers.Adam(0.003), loss="mse", metrics=["mae"])
    return m


fit = {"epochs": 25, "batch_size": 32}

CASE = Case(
    id="third-cause-outliers",
    story="Delivery times in hours, but a few drivers typed minutes; the squared error does not come down and the checked validation rows are predicted badly.",
    causes=("outliers",),
    sick=Run(lambda s: deliveries(s, False), model, fit),
    fixed=Run(lambda s: deliveries(s, True), model, fit),
    well=lambda h: h["val_mae"][-1] < 0.15 and h["loss"][-1] < 0.1,
)
