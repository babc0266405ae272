"""Signature verification: two copies of one encoder, a sigmoid over the distance of their outputs."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    rng = np.random.default_rng(seed)
    writers, per, d = 25, 16, 36
    style = rng.normal(0, 1, (writers, d))
    sheet = style[:, None] + rng.normal(0, 0.7, (writers, per, d))
    a, b, same = [], [], []
    for _ in range(1600):
        w = rng.integers(writers)
        if rng.random() < 0.5:
            i, j = rng.integers(per, size=2)  # now and then the same sheet twice
            a.append(sheet[w, i])
            b.append(sheet[w, j])
            same.append(1)
        else:
            v = (w + rng.integers(1, writers)) % writers
            a.append(sheet[w, rng.integers(per)])
            b.append(sheet[v, rng.integers(per)])
            same.append(0)
    return {"x": [np.array(a, "float32"), np.array(b, "float32")], "y": np.array(same, "float32")[:, None]}


def net(floor):
    def model(seed):
        encoder = keras.Sequential(
            [keras.Input((36,)), layers.Dense(48, activation="tanh"), layers.Dense(12)], name="encoder"
        )
        a, b = keras.Input((36,)), keras.Input((36,))
        za, zb = encoder(a), encoder(b)

        def distance(pair):
            u, v = pair
            return ops.sqrt(ops.sum(ops.square(u - v), axis=1, keepdims=True) + floor)

        d = layers.Lambda(distance, output_shape=(1,))([za, zb])
        out = layers.Dense(1, activation="sigmoid", kernel_initializer=keras.initializers.Constant(-1.0))(d)
        m = keras.Model([a, b], out)
        m.compile(keras.optimizers.Adam(2e-3), loss="binary_crossentropy", metrics=["accuracy"])
        return m

    return model


fit = {"epochs": 20, "batch_size": 32}

CASE = Case(
    id="fourth-a05-signature-pairs",
    story="A siamese network for signatures. It starts well and within the first epoch the loss is nan; with other seeds it lives a few batches longer.",
    causes=("numerical-instability",),
    sick=Run(data, net(0.0), fit),
    fixed=Run(data, net(1e-6), fit),
    well=lambda h: h["loss"][-1] < 0.35 and h["accuracy"][-1] > 0.85,
)
