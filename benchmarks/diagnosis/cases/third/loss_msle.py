"""Weekly change of stock (mostly below zero) is learnt with the logarithmic loss; no big fall is forecast."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras


def data(seed):
    rng = np.random.default_rng(seed + 10)
    n = 1600
    stock = rng.uniform(0, 10, n)
    promo = rng.integers(0, 2, n)
    price = rng.normal(0, 1, n)
    dow = rng.integers(0, 7, n)
    rain = rng.exponential(1.0, n)
    # change of the stock since last week, in dozens: mostly falls, sometimes a delivery
    y = (
        -2.0
        - 0.5 * (stock - 5) * (1 + promo)
        + 1.8 * price
        + 1.5 * np.sin(dow)
        - 0.7 * rain
        + rng.normal(0, 0.3, n)
    )
    X = np.column_stack([stock, promo, price, np.eye(7)[dow], rain])
    X = (X - X.mean(0)) / X.std(0)
    X, y = X.astype("float32"), y.astype("float32").reshape(-1, 1)
    return {"x": X[:1200], "y": y[:1200], "validation_data": (X[1200:], y[1200:])}


def make(loss):
    def model(seed):
        inp = keras.Input((11,))
        h = keras.layers.Dense(48, activation="relu")(inp)
        h = keras.layers.Dense(24, activation="relu")(h)
        out = keras.layers.Dense(1)(h)
        m = keras.Model(inp, out)
        m.compile(
            optimizer=keras.optimizers.Adam(0.003), loss=loss, metrics=[keras.metrics.R2Score(name="r2")]
        )
        return m

    return model


fit = {"epochs": 25, "batch_size": 32}

CASE = Case(
    id="third-loss-msle",
    story="Weekly change of stock (mostly below zero) is learnt with the logarithmic loss; the loss is small, but the R2 stops at two thirds and no big fall is ever forecast.",
    causes=("loss-target-mismatch",),
    sick=Run(data, make("mean_squared_logarithmic_error"), fit),
    fixed=Run(data, make("mean_squared_error"), fit),
    well=lambda h: h["val_r2"][-1] > 0.85,
)
