"""Parity of three of ten bits: chance level for a while, then a sudden drop."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    x = r.integers(0, 2, (4000, 12)) * 2.0 - 1.0
    y = x[:, 1] * x[:, 5] * x[:, 8]
    x, y = x.astype("float32"), (y > 0).astype("float32")
    return {"x": x[:3500], "y": y[:3500], "validation_data": (x[3500:], y[3500:])}


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((12,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(keras.optimizers.SGD(0.025, momentum=0.8), "binary_crossentropy", metrics=["accuracy"])
    return m


CASE = Case(
    id="fourth-bwell24-parity-wait",
    story="Parity of three hidden bits among twelve. For the first epochs the loss stays at 0.69 and accuracy at a half; then it falls at once to almost nothing.",
    fixed=Run(data, model, {"epochs": 25, "batch_size": 50}),
    well=lambda h: h["val_accuracy"][-1] > 0.95,
)
