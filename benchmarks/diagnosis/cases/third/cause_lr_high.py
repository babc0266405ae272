"""Three kinds of waves with Conv1D and GRU; Adam got a rate made for SGD, and the loss never gets down."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    rng = np.random.default_rng(seed)
    n, T = 700, 25
    kind = rng.integers(0, 3, n)
    t = np.arange(T)
    f = np.array([0.25, 0.45, 0.7])[kind] + rng.normal(0, 0.03, n)
    X = np.sin(f[:, None] * t + rng.uniform(0, 6.3, (n, 1))) + rng.normal(0, 0.25, (n, T))
    return {"x": X[..., None].astype("float32"), "y": np.eye(3)[kind].astype("float32")}


def make(lr):
    def model(seed):
        m = keras.Sequential(
            [
                layers.Input((25, 1)),
                layers.Conv1D(16, 4, activation="relu"),
                layers.GRU(24),
                layers.Dense(16, activation="relu"),
                layers.Dense(3, activation="softmax"),
            ]
        )
        m.compile(keras.optimizers.Adam(learning_rate=lr), "categorical_crossentropy", metrics=["accuracy"])
        return m

    return model


fit = {"epochs": 15, "batch_size": 32, "validation_split": 0.2}

CASE = Case(
    id="third-cause-lr-high",
    story="Three kinds of waves with Conv1D and GRU; Adam got the rate that had been in a tutorial for SGD, and the loss jumps about and never gets down.",
    causes=("learning-rate-too-high",),
    sick=Run(data, make(0.2), fit),
    fixed=Run(data, make(0.003), fit),
    well=lambda h: h["loss"][-1] < 0.3 and h["val_accuracy"][-1] > 0.85,
)
