"""Missing readings stored as -999 among standardised columns."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(fill):
    def make(seed):
        r = np.random.default_rng(seed)
        n = 2000
        x = r.normal(size=(n, 8)) @ (np.eye(8) + 0.3 * r.normal(size=(8, 8)))
        x = (x - x.mean(0)) / x.std(0)
        y = 1.2 * x[:, 0] - 0.8 * x[:, 1] * (x[:, 2] > 0) + np.sin(2 * x[:, 3]) + 0.2 * r.normal(size=n)
        y = (y - y.mean()) / y.std()
        lost = r.random((n, 8)) < 0.03
        x = np.where(lost, fill, x).astype("float32")
        y = y.astype("float32")
        return {"x": x[:1600], "y": y[:1600], "validation_data": (x[1600:], y[1600:])}

    return make


def model(seed):
    inp = keras.Input((8,))
    h = layers.Dense(48, activation="relu")(inp)
    h = layers.Dense(24, activation="relu")(h)
    m = keras.Model(inp, layers.Dense(1)(h))
    m.compile(keras.optimizers.Adam(2e-3), "mse", metrics=["mae"])
    return m


fit = {"epochs": 25, "batch_size": 32}

CASE = Case(
    id="fourth-b10-missing-code",
    story="Eight standardised columns, target standardised too. Three per cent of the cells are missing, coded -999 as in the export. The mse is in the hundreds at first and never gets near 1.",
    causes=("outliers", "unscaled-features"),
    sick=Run(data(-999.0), model, fit),
    fixed=Run(data(0.0), model, fit),
    well=lambda h: h["val_loss"][-1] < 0.35,
)
