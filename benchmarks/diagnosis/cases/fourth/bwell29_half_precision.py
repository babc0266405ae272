"""Mixed float16 with a loss scale that doubles until it overflows, skips a step and goes on."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    n, t = 2000, np.linspace(0, 1, 32)
    a, f, p = r.uniform(0.5, 1.5, n), r.uniform(1, 4, n), r.uniform(0, 6.28, n)
    x = a[:, None] * np.sin(6.28 * f[:, None] * t + p[:, None]) + 0.1 * r.normal(size=(n, 32))
    y = np.stack([a - 1.0, (f - 2.5) / 1.5], 1)
    x, y = x.astype("float32"), y.astype("float32")
    return {"x": x[:1700], "y": y[:1700], "validation_data": (x[1700:], y[1700:])}


def model(seed):
    half = {"dtype": "mixed_float16"}
    m = keras.Sequential(
        [
            keras.Input((32,)),
            layers.Dense(48, activation="relu", **half),
            layers.Dense(24, activation="relu", **half),
            layers.Dense(2, dtype="float32"),
        ]
    )
    opt = keras.optimizers.LossScaleOptimizer(
        keras.optimizers.Adam(2e-3), initial_scale=2.0**20, dynamic_growth_steps=80
    )
    m.compile(opt, "mse", metrics=["mae"])
    return m


CASE = Case(
    id="fourth-bwell29-half-precision",
    story="Amplitude and frequency of noisy waves in mixed float16; the loss scale starts at 2**20 and grows every 80 steps, so some steps overflow and are skipped, as is meant.",
    fixed=Run(data, model, {"epochs": 15, "batch_size": 50}),
    well=lambda h: h["val_mae"][-1] < 0.12,
)
