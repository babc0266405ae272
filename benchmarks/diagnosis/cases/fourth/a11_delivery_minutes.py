"""Delivery times; the net's output is kept within the 15 to 90 minutes that the shop allows."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    rng = np.random.default_rng(seed + 11)
    n = 2400
    km, rain, queue = rng.gamma(2.5, 1.4, n), rng.random(n) < 0.2, rng.poisson(3, n)
    hour = rng.uniform(10, 23, n)
    rush = np.exp(-((hour - 19) ** 2) / 4)
    minutes = 14 + 4.5 * km * (1 + 0.4 * rain) + 2.2 * queue * (1 + rush) + rng.normal(0, 3, n)
    x = np.stack([(km - 3.5) / 2.2, rain, (queue - 3) / 1.7, (hour - 16.5) / 3.75, rush], 1)
    return {
        "x": x.astype("float32"),
        "y": np.clip(minutes, 15, 90).astype("float32")[:, None],
        "validation_split": 0.25,
    }


def net(last):
    def model(seed):
        inp = keras.Input((5,))
        h = layers.Dense(32, activation="relu")(inp)
        h = layers.Dense(32, activation="relu")(h)
        out = layers.Lambda(last, output_shape=(1,))(layers.Dense(1)(h))
        m = keras.Model(inp, out)
        m.compile(keras.optimizers.Adam(3e-3), loss="huber", metrics=["mae"])
        return m

    return model


fit = {"epochs": 20, "batch_size": 48}

CASE = Case(
    id="fourth-a11-delivery-minutes",
    story="Delivery times between 15 and 90 minutes. The loss is the same number in every epoch and the net answers 15 minutes to everything.",
    causes=("non-differentiable-loss", "vanishing-gradients", "bad-initialization", "saturated-activations"),
    sick=Run(data, net(lambda z: ops.clip(z, 15.0, 90.0)), fit),
    fixed=Run(data, net(lambda z: 15.0 + 75.0 * ops.sigmoid(z)), fit),
    well=lambda h: h["val_mae"][-1] < 5.0,
)
