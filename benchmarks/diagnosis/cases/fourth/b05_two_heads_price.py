"""Two heads: a price in dollars under MSE and a class; the class is not learned."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(unit):
    def make(seed):
        r = np.random.default_rng(seed)
        x = r.normal(size=(2000, 12)).astype("float32")
        price = 250_000 + 90_000 * (x[:, 0] + 0.5 * x[:, 1] * x[:, 2]) + 10_000 * r.normal(size=2000)
        kind = ((x[:, 3] + x[:, 4] ** 2 - 1 > 0).astype(int) + (x[:, 5] > 0.4)).astype("int32")
        price = (price - 250_000) / 90_000 if unit == "scaled" else price
        y = {"price": price.astype("float32")[:, None], "kind": kind}
        return {
            "x": x[:1600],
            "y": {k: v[:1600] for k, v in y.items()},
            "validation_data": (x[1600:], {k: v[1600:] for k, v in y.items()}),
        }

    return make


def model(seed):
    inp = keras.Input((12,))
    h = layers.Dense(64, activation="relu")(inp)
    h = layers.Dense(64, activation="relu")(h)
    m = keras.Model(
        inp,
        {
            "price": layers.Dense(1, name="price")(h),
            "kind": layers.Dense(3, activation="softmax", name="kind")(h),
        },
    )
    m.compile(
        keras.optimizers.Adam(2e-3),
        loss={"price": "mse", "kind": "sparse_categorical_crossentropy"},
        metrics={"kind": "accuracy"},
    )
    return m


fit = {"epochs": 15, "batch_size": 40}

CASE = Case(
    id="fourth-b05-two-heads-price",
    story="One net with two heads: the price of a house (mse, in dollars) and its kind (three classes). The total loss is 1e10 and the kind's accuracy gets worse than guessing the commonest.",
    causes=("unscaled-targets",),
    sick=Run(data("dollars"), model, fit),
    fixed=Run(data("scaled"), model, fit),
    well=lambda h: h["val_kind_accuracy"][-1] > 0.83,
)
