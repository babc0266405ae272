"""Reduced-rank regression as three linear layers from small weights: the loss falls in steps."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed + 11)
    n = 1200
    x = rng.normal(size=(n, 30))
    a, b = rng.normal(size=(30, 3)) / np.sqrt(30), rng.normal(size=(3, 20))
    y = x @ a * np.array([1.5, 1.0, 0.7]) @ b + 0.7 * rng.normal(size=(n, 20))
    return {
        "x": x[:1000].astype("float32"),
        "y": y[:1000].astype("float32"),
        "validation_data": (x[1000:].astype("float32"), y[1000:].astype("float32")),
    }


def model(seed):
    import keras

    small = keras.initializers.RandomNormal(stddev=0.1)
    m = keras.Sequential(
        [
            keras.Input((30,)),
            keras.layers.Dense(24, use_bias=False, kernel_initializer=small),
            keras.layers.Dense(3, use_bias=False, kernel_initializer=small),  # the rank
            keras.layers.Dense(20, use_bias=False, kernel_initializer=small),
        ]
    )
    m.compile(optimizer=keras.optimizers.SGD(0.1, momentum=0.9), loss="mse")
    return m


CASE = Case(
    id="third-well-deep-linear",
    story="Reduced-rank regression as three linear layers from small weights: the loss falls in steps with level stretches between, and ends at the noise. No nonlinearity is wanted, the truth is linear of rank three.",
    fixed=Run(data, model, {"epochs": 30, "batch_size": 50}),
    # noise 0.49, variance of the targets about 4
    well=lambda h: h["val_loss"][-1] < 0.62 and h["loss"][-1] < 0.56,
)
