"""Loan applications straight from the data frame; the loss starts in the hundreds and jumps up and down."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def table(seed):
    import pandas as pd

    rng = np.random.default_rng(seed)
    n = 1000
    df = pd.DataFrame(
        {
            "income": rng.lognormal(10.4, 0.5, n),
            "age": rng.uniform(18, 75, n),
            "rate": rng.beta(2, 12, n),
            "open_loans": rng.poisson(1.5, n),
            "employed_days": rng.uniform(0, 9000, n),
            "debt": rng.lognormal(8.5, 1, n),
        }
    )
    z = (df - df.mean()) / df.std()
    score = (
        1.5 * z.rate - 1.2 * z.open_loans * (z.age > 0) - 1.4 * z.income + 1.0 * z.open_loans + z.age - 0.5
    )
    y = (score + rng.normal(0, 0.2, n) > 0).astype(int)
    return df.to_numpy("float32"), y.to_numpy()


def raw(seed):
    X, y = table(seed)
    return {"x": X, "y": y}


def scaled(seed):
    from sklearn.preprocessing import StandardScaler

    X, y = table(seed)
    return {"x": StandardScaler().fit_transform(X), "y": y}


def model(seed):
    import keras

    m = keras.Sequential()
    m.add(keras.layers.Input(shape=(6,)))
    m.add(keras.layers.Dense(24, activation="relu"))
    m.add(keras.layers.Dense(12, activation="relu"))
    m.add(keras.layers.Dense(1, activation="sigmoid"))
    m.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return m


fit = {"epochs": 30, "batch_size": 20, "validation_split": 0.2}

CASE = Case(
    id="third-cause-unscaled-features",
    story="Loan applications straight from the data frame (income in euros, rates below one, days employed); the loss starts in the hundreds and jumps up and down.",
    causes=("unscaled-features",),
    sick=Run(raw, model, fit),
    fixed=Run(scaled, model, fit),
    well=lambda h: h["loss"][-1] < 0.35 and h["loss"][0] < 2,
)
