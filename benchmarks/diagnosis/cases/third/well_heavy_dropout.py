"""Dropout of 0.65 twice and on the inputs: training accuracy lags far behind validation the whole way."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_digits

    d = load_digits()
    i = np.random.default_rng(seed).permutation(len(d.data))
    x = (d.data[i] / 16).astype("float32")
    y = np.eye(10, dtype="float32")[d.target[i]]
    return {"x": x[:1300], "y": y[:1300], "validation_data": (x[1300:], y[1300:])}


def model(seed):
    from keras import Sequential, layers, optimizers

    m = Sequential(
        [
            layers.Input((64,)),
            layers.Dropout(0.2),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.65),
            layers.Dense(256, activation="relu"),
            layers.Dropout(0.65),
            layers.Dense(10, activation="softmax"),
        ]
    )
    m.compile(optimizers.RMSprop(1e-3), "categorical_crossentropy", metrics=["accuracy"])
    return m


CASE = Case(
    id="third-well-heavy-dropout",
    story="Dropout of 0.65 twice and on the inputs: training accuracy lags far behind validation the whole way, which is only the noise being off at validation.",
    fixed=Run(data, model, {"epochs": 45, "batch_size": 50}),
    well=lambda h: h["val_accuracy"][-1] > 0.94 and h["val_loss"][-1] < 0.25,
)
