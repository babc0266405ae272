"""The target is standardized, yet the loss jumps about and validation R2 is far under zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed, clean=False):
    r = np.random.default_rng(seed)
    n = 1400
    x = r.normal(size=(n, 7)).astype("float32")
    price = 60 + 14 * x[:, 0] - 9 * x[:, 1] + 7 * x[:, 2] * x[:, 3] + r.normal(0, 2, n)
    price = price.clip(8)
    xt, yt, xv, yv = x[:1100], price[:1100].copy(), x[1100:], price[1100:]
    wrong = r.random(1100) < 0.015
    yt[wrong] *= 100  # one shop delivers its prices in cents
    if clean:
        keep = yt < 5 * np.median(yt)
        xt, yt = xt[keep], yt[keep]
    m, s = yt.mean(), yt.std()

    def column(v):
        return ((v - m) / s).astype("float32")[:, None]

    return {"x": xt, "y": column(yt), "validation_data": (xv, column(yv))}


def model(seed):
    import keras
    from keras import layers

    m = keras.Sequential(
        [
            layers.Input((7,)),
            layers.Dense(40, activation="relu"),
            layers.Dense(20, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizer=keras.optimizers.Adam(2e-3), loss="mse", metrics=[keras.metrics.R2Score(name="r2")])
    return m


fit = {"epochs": 25, "batch_size": 32}

CASE = Case(
    id="third-post-prices-partly-in-cents",
    story="The target is standardized, yet the loss jumps about between batches and validation R2 is far under zero.",
    causes=("outliers",),
    sick=Run(data, model, fit),
    fixed=Run(lambda s: data(s, True), model, fit),
    well=lambda h: h["val_r2"][-1] > 0.6,
)
