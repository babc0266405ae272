"""Autoencoder of sensor curves with one code unit where the curves have five degrees of freedom."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    t = np.linspace(0, 1, 50)
    a, b, c, d, e = r.normal(size=(5, 1800, 1))
    x = a * np.sin(2 * np.pi * t) + b * np.cos(2 * np.pi * t) + c * t + d * np.exp(-8 * t) + e * (t > 0.5)
    x = (x + 0.05 * r.normal(size=x.shape)).astype("float32")
    return {"x": x[:1500], "y": x[:1500], "validation_data": (x[1500:], x[1500:])}


def model(code):
    def build(seed):
        inp = keras.Input((50,))
        h = layers.Dense(64, activation="elu")(inp)
        z = layers.Dense(code, name="code")(h)
        h = layers.Dense(64, activation="elu")(z)
        m = keras.Model(inp, layers.Dense(50)(h))
        m.compile(keras.optimizers.Adam(2e-3), "mse")
        return m

    return build


fit = {"epochs": 30, "batch_size": 50}

CASE = Case(
    id="fourth-b17-narrow-code",
    story="Autoencoder of fifty-point curves with a code of a single number. Training and validation loss agree and both stop at half of the variance.",
    causes=("model-too-small", "architecture-ill-suited"),
    sick=Run(data, model(1), fit),
    fixed=Run(data, model(8), fit),
    well=lambda h: h["val_loss"][-1] < 0.03,
)
