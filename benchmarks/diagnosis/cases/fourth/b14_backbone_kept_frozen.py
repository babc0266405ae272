"""Untrained backbone marked trainable=False: the line was left over from the pretrained variant."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    n, t = 1600, np.linspace(0, 1, 64)
    y = r.integers(0, 5, n)
    f0, f1 = np.array([[4, 4], [4, 9], [9, 4], [6, 6], [9, 9]]).T
    f = f0[y][:, None] * (1 - t) + f1[y][:, None] * t  # chirps
    x = np.sin(2 * np.pi * (np.cumsum(f, 1) / 64 + r.random((n, 1)))) + r.normal(0, 0.5, (n, 64))
    x = x[..., None].astype("float32")
    return {"x": x[:1280], "y": y[:1280], "validation_data": (x[1280:], y[1280:])}


def model(free):
    def build(seed):
        inp = keras.Input((64, 1))
        h = layers.Conv1D(8, 7, activation="relu", padding="same")(inp)
        h = layers.MaxPooling1D(2)(h)
        h = layers.Conv1D(16, 5, activation="relu", padding="same")(h)
        h = layers.MaxPooling1D(4)(h)
        trunk = keras.Model(inp, h, name="trunk")
        trunk.trainable = free
        out = layers.Dense(5, activation="softmax")(layers.GlobalAveragePooling1D()(trunk(inp)))
        m = keras.Model(inp, out)
        m.compile(keras.optimizers.Adam(4e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
        return m

    return build


fit = {"epochs": 25, "batch_size": 64}

CASE = Case(
    id="fourth-b14-backbone-kept-frozen",
    story="Five kinds of chirps. I copied a transfer-learning script and built my own trunk in place of the pretrained one, but trunk.trainable = False stayed in. Training creeps.",
    causes=("frozen-layers",),
    sick=Run(data, model(False), fit),
    fixed=Run(data, model(True), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.85,
)
