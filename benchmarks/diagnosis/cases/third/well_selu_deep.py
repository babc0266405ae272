"""Fourteen selu layers without batch norm or shortcuts: deep, plain and healthy."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3000, 5)).astype("float32")
    y = (
        np.sin(1.5 * x[:, 0])
        + 0.4 * x[:, 1] * x[:, 2]
        + 0.5 * np.abs(x[:, 3])
        - 0.4 * x[:, 4]
        + 0.3 * rng.normal(size=3000)
    )
    y = y.astype("float32")
    return {"x": x[:2500], "y": y[:2500], "validation_data": (x[2500:], y[2500:])}


def model(seed):
    import keras

    m = keras.Sequential([keras.Input(shape=(5,))])
    for _ in range(14):
        m.add(keras.layers.Dense(28, activation="selu", kernel_initializer="lecun_normal"))
    m.add(keras.layers.AlphaDropout(0.02))
    m.add(keras.layers.Dense(1))
    m.compile(
        optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(1e-3, 79 * 14), clipnorm=1.0),
        loss="mse",
    )
    return m


CASE = Case(
    id="third-well-selu-deep",
    story="Fourteen selu layers without batch norm or shortcuts, with the initialisation selu asks for: deep, plain and healthy.",
    fixed=Run(data, model, {"epochs": 14, "batch_size": 32}),
    # noise 0.09, variance 1.0
    well=lambda h: h["val_loss"][-1] < 0.25 and h["loss"][-1] < 0.2,
)
