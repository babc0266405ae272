"""Counts under a Poisson loss that is below zero at its best."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    n = 3000
    day, hour, rain = r.integers(0, 7, n), r.uniform(0, 24, n), r.random(n) < 0.3
    rate = np.exp(1.4 + 0.8 * np.sin(2 * np.pi * (hour - 7) / 24) - 0.6 * (day >= 5) + 0.4 * rain)
    y = r.poisson(rate).astype("float32")[:, None]
    x = np.concatenate(
        [np.eye(7)[day], np.sin(hour / 3.82)[:, None], np.cos(hour / 3.82)[:, None], rain[:, None]], 1
    ).astype("float32")
    return {"x": x, "y": y, "validation_split": 0.2}


def model(seed):
    m = keras.Sequential(
        [keras.Input((10,)), layers.Dense(20, activation="relu"), layers.Dense(1, activation="exponential")]
    )
    m.compile(keras.optimizers.RMSprop(2e-3), loss="poisson", metrics=["mae"])
    return m


CASE = Case(
    id="fourth-bwell10-poisson-calls",
    story="Calls per hour at a help desk under the Poisson loss. It starts near zero, sinks further and stops near -3; the mean error stays at 1.6 calls since counts are random.",
    fixed=Run(data, model, {"epochs": 20, "batch_size": 64}),
    well=lambda h: h["val_mae"][-1] < 1.9,
)
