"""Likes in a user-item embedding net, half of them drawn at random by a broken logger."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers

USERS, ITEMS = 60, 50


def data(share):
    def make(seed):
        r = np.random.default_rng(seed)
        u, v = r.normal(size=(USERS, 3)), r.normal(size=(ITEMS, 3))
        n = 8000
        i, j = r.integers(0, USERS, n), r.integers(0, ITEMS, n)
        like = ((u[i] * v[j]).sum(1) > 0).astype("float32")
        swap = r.random(n) < share
        like = np.where(swap, r.integers(0, 2, n), like).astype("float32")
        x = {"user": i.astype("int32"), "item": j.astype("int32")}
        return {
            "x": {k: a[:6400] for k, a in x.items()},
            "y": like[:6400],
            "validation_data": ({k: a[6400:] for k, a in x.items()}, like[6400:]),
        }

    return make


def model(seed):
    user, item = keras.Input((), dtype="int32", name="user"), keras.Input((), dtype="int32", name="item")
    a, b = layers.Embedding(USERS, 4)(user), layers.Embedding(ITEMS, 4)(item)
    out = layers.Dense(1, activation="sigmoid")(a * b)
    m = keras.Model({"user": user, "item": item}, out)
    m.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy"])
    return m


fit = {"epochs": 16, "batch_size": 64}

CASE = Case(
    id="fourth-b12-ratings-noise",
    story="Which user likes which item, by the product of two embeddings. The logger wrote a random answer whenever the page timed out, so the net stops at 70 per cent though each user was seen a hundred times.",
    causes=("label-noise",),
    sick=Run(data(0.5), model, fit),
    fixed=Run(data(0.0), model, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.85,
)
