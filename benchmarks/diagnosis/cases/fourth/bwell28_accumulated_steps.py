"""Batches of 4 with gradients accumulated over 8: seven of eight steps change nothing."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    from sklearn.datasets import load_wine

    d = load_wine()
    r = np.random.default_rng(seed)
    pick = r.permutation(len(d.target))
    x = (d.data - d.data.mean(0)) / d.data.std(0)
    x, y = x[pick].astype("float32"), d.target[pick]
    return {"x": x[:136], "y": y[:136], "validation_data": (x[136:], y[136:])}


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((13,)),
            layers.Dense(16, activation="relu"),
            layers.Dropout(0.2),
            layers.Dense(3, activation="softmax"),
        ]
    )
    m.compile(
        keras.optimizers.Adam(5e-3, gradient_accumulation_steps=8),
        "sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m


CASE = Case(
    id="fourth-bwell28-accumulated-steps",
    story="Wine data in batches of four because the lab machine is small, with gradient_accumulation_steps=8, so the weights stand still for seven batches and move at the eighth.",
    fixed=Run(data, model, {"epochs": 25, "batch_size": 4}),
    well=lambda h: h["val_accuracy"][-1] > 0.9 and h["loss"][-1] < 0.2,
)
