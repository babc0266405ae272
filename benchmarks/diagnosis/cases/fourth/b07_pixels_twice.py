"""Pixels divided by 255 in the loader and again by a Rescaling layer, under SGD."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(scale):
    def make(seed):
        from sklearn.datasets import load_digits

        d = load_digits()
        x = np.repeat(np.repeat(d.images, 2, 1), 2, 2)[..., None] * (255 / 16)
        order = np.random.default_rng(seed).permutation(len(x))
        x, y = (x[order] * scale).astype("float32"), d.target[order]
        return {"x": x[:1440], "y": y[:1440], "validation_data": (x[1440:], y[1440:])}

    return make


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(16, 3, strides=2, activation="relu"),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    m.compile(
        keras.optimizers.SGD(0.05, momentum=0.9), "sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m


fit = {"epochs": 15, "batch_size": 48}

CASE = Case(
    id="fourth-b07-pixels-twice",
    story="Digits enlarged to 16x16. My loader returns pixels in 0..1 and the model begins with Rescaling(1/255). The loss hardly leaves 2.30.",
    causes=("unscaled-features",),
    sick=Run(data(1 / 255), model, fit),
    fixed=Run(data(1.0), model, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.9,
)
