"""House prices; each row of the target holds the price and a survey weight."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    rng = np.random.default_rng(seed + 60)
    n = 1800
    area, rooms, age = rng.gamma(9, 12, n), rng.integers(1, 8, n), rng.uniform(0, 90, n)
    far, garden = rng.exponential(6, n), rng.random(n) < 0.4
    price = 3.0 * area + 12 * rooms - 0.9 * age - 60 * np.log1p(far) + 40 * garden + rng.normal(0, 25, n)
    price = (price - price.mean()) / price.std()
    weight = rng.choice([0.5, 1.0, 2.0], n)
    x = np.stack([(area - 108) / 36, (rooms - 4) / 2, (age - 45) / 26, (far - 6) / 6, garden], 1)
    return {
        "x": x.astype("float32"),
        "y": np.stack([price, weight], 1).astype("float32"),
        "validation_split": 0.2,
    }


def survey_mse(column):
    def loss(y, p):
        price, weight = column(y, 0), column(y, 1)
        return ops.mean(weight * ops.square(price - p))

    return loss


def r2(y, p):
    return 1.0 - ops.mean(ops.square(y[:, :1] - p)) / ops.var(y[:, 0])


def net(column):
    def model(seed):
        m = keras.Sequential(
            [
                keras.Input((5,)),
                layers.Dense(32, activation="relu"),
                layers.Dense(16, activation="relu"),
                layers.Dense(1),
            ]
        )
        m.compile(keras.optimizers.Adam(2e-3), loss=survey_mse(column), metrics=[r2])
        return m

    return model


fit = {"epochs": 20, "batch_size": 32}

CASE = Case(
    id="fourth-a20-house-weights",
    story="House prices with survey weights packed into the target. The loss sits at the variance of the prices, and the net answers the mean price for every house.",
    causes=("output-shape-mismatch", "loss-target-mismatch"),
    sick=Run(data, net(lambda y, k: y[:, k]), fit),
    fixed=Run(data, net(lambda y, k: y[:, k : k + 1]), fit),
    well=lambda h: h["val_r2"][-1] > 0.7,
)
