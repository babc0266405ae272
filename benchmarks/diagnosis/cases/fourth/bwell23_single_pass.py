"""One epoch over a long stream of rows; there is a single history entry."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    n = 60_000
    x = r.uniform(-1, 1, (n, 6)).astype("float32")
    y = np.sin(3 * x[:, 0]) * x[:, 1] + np.abs(x[:, 2]) - x[:, 3] * x[:, 4] + 0.05 * r.normal(size=n)
    y = ((y - y.mean()) / y.std()).astype("float32")
    return {"x": x[:58_000], "y": y[:58_000], "validation_data": (x[58_000:], y[58_000:])}


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(64, activation="swish"),
            layers.Dense(64, activation="swish"),
            layers.Dense(1),
        ]
    )
    rate = keras.optimizers.schedules.PolynomialDecay(4e-3, 1400, 1e-4)
    m.compile(keras.optimizers.Adam(rate), "mse", metrics=["mae"])
    return m


CASE = Case(
    id="fourth-bwell23-single-pass",
    story="58000 simulated rows, seen once: one epoch, one line of history, validation already better than the epoch's mean training loss.",
    fixed=Run(data, model, {"epochs": 1, "batch_size": 40}),
    well=lambda h: h["val_loss"][-1] < 0.1,
)
