"""Bike counts per hour with exponential output and Poisson loss; the loss is a large negative number."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    n = 3000
    temp, weekend, hour = rng.normal(0, 1, n), rng.integers(0, 2, n), rng.uniform(0, 24, n)
    rate = np.exp(
        4.0 + 0.4 * temp - 0.3 * weekend + 0.8 * np.cos((hour - 17) / 24 * 2 * np.pi) - 0.15 * temp**2
    )
    y = rng.poisson(rate)[:, None]
    x = np.stack([temp, weekend, np.sin(hour * np.pi / 12), np.cos(hour * np.pi / 12)], 1)
    return {
        "x": x[:2400].astype("float32"),
        "y": y[:2400].astype("float32"),
        "validation_data": (x[2400:].astype("float32"), y[2400:].astype("float32")),
    }


def model(seed):
    import keras
    from keras import ops

    def deviance(y, p):
        return 2 * (y * ops.log(ops.maximum(y, 1e-9) / p) - (y - p))

    m = keras.Sequential(
        [
            keras.Input((4,)),
            keras.layers.Dense(64, activation="relu"),
            keras.layers.Dense(32, activation="relu"),
            keras.layers.Dense(1, activation="exponential"),
        ]
    )
    m.compile(optimizer=keras.optimizers.Adam(0.01), loss=keras.losses.Poisson(), metrics=[deviance])
    return m


CASE = Case(
    id="third-well-poisson-counts",
    story="Bike counts per hour with an exponential output and the Poisson loss, in batches of 600; the loss is a large negative number.",
    fixed=Run(data, model, {"epochs": 60, "batch_size": 600}),
    # a deviance of 1 is the floor, the mean alone gives about 24
    well=lambda h: h["val_deviance"][-1] < 2.0 and h["loss"][-1] < -150,
)
