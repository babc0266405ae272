"""House prices in euros with the absolute error; the loss is as large as the mean price and hardly moves."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def load_houses(seed):
    from sklearn.preprocessing import StandardScaler

    rng = np.random.default_rng(seed)
    n = 1200
    area = rng.gamma(9, 12, n)
    rooms = np.clip(np.round(area / 28 + rng.normal(0, 0.7, n)), 1, 9)
    age = rng.uniform(0, 90, n)
    dist = rng.exponential(6, n)
    floor = rng.integers(0, 8, n)
    garden = rng.integers(0, 2, n)
    price = (
        60000
        + 2600 * area * np.exp(-dist / 25)
        - 700 * age
        + 18000 * garden
        + 6000 * rooms
        + rng.normal(0, 9000, n)
    )
    X = np.column_stack([area, rooms, age, dist, floor, garden])
    return StandardScaler().fit_transform(X).astype("float32"), price.astype("float32")


def euros(seed):
    X, price = load_houses(seed)
    return {"x": X, "y": price}


def hundred_thousands(seed):
    X, price = load_houses(seed)
    return {"x": X, "y": price / 1e5}


def model(seed):
    from tensorflow import keras

    m = keras.Sequential(
        [
            keras.layers.Dense(32, activation="relu", input_shape=(6,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    m.compile(optimizer="adam", loss="mae")
    return m


fit = {"epochs": 20, "batch_size": 32, "validation_split": 0.2}

CASE = Case(
    id="third-loss-mae",
    story="House prices in euros with the absolute error; the loss is as large as the mean price and hardly moves from epoch to epoch.",
    causes=("unscaled-targets",),
    sick=Run(euros, model, fit),
    fixed=Run(hundred_thousands, model, fit),
    well=lambda h: h["val_loss"][-1] < 0.3 * h["val_loss"][0] or h["loss"][-1] < 0.2 * h["loss"][0],
)
