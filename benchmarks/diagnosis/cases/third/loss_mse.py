"""Standardised temperature of tomorrow; the loss stops around a half, the forecast never is below zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    t = np.arange(1400)
    temp = 12 + 9 * np.sin(2 * np.pi * t / 365) + 4 * np.sin(2 * np.pi * t / 28) + rng.normal(0, 0.8, len(t))
    temp = (temp - temp.mean()) / temp.std()
    w = 20
    X = np.stack([temp[i : i + w] for i in range(len(temp) - w)])[..., None].astype("float32")
    y = temp[w:].astype("float32")
    n = 1100
    return {"x": X[:n], "y": y[:n], "validation_data": (X[n:], y[n:])}


def build(last):
    def model(seed):
        from keras import Sequential, layers

        m = Sequential(
            [
                layers.Input((20, 1)),
                layers.LSTM(24),
                layers.Dense(1, activation=last),
            ]
        )
        m.compile(optimizer="adam", loss="mse", metrics=["mae"])
        return m

    return model


fit = {"epochs": 12, "batch_size": 32}

CASE = Case(
    id="third-loss-mse",
    story="Tomorrow's standardised temperature from the last 20 days; the loss stops around a half and the forecast never goes below zero.",
    causes=("loss-activation-mismatch",),
    sick=Run(data, build("relu"), fit),
    fixed=Run(data, build(None), fit),
    well=lambda h: h["loss"][-1] < 0.2,
)
