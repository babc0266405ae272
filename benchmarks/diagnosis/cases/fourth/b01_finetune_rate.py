"""A net trained on digits 0..4 is tuned further on 5..9 with the rate the web page gave for SGD."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def _digits():
    from sklearn.datasets import load_digits

    d = load_digits()
    return d.images[..., None].astype("float32") / 16.0, d.target


def data(seed):
    x, y = _digits()
    keep = np.flatnonzero(y >= 5)
    keep = np.random.default_rng(seed).permutation(keep)
    x, y = x[keep], y[keep] - 5
    return {"x": x[:640], "y": y[:640], "validation_data": (x[640:], y[640:])}


def model(rate):
    def build(seed):
        x, y = _digits()
        low = y < 5
        base = keras.Sequential(
            [
                keras.Input((8, 8, 1)),
                layers.Conv2D(24, 3, activation="relu", padding="same"),
                layers.MaxPooling2D(),
                layers.Conv2D(48, 3, activation="relu", padding="same"),
                layers.Flatten(),
                layers.Dense(64, activation="relu"),
            ],
            name="base",
        )
        first = keras.Sequential([base, layers.Dense(5)])
        logits = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        first.compile("adam", logits)
        first.fit(x[low], y[low], batch_size=64, epochs=8, verbose=0)
        tuned = keras.Sequential([base, layers.Dense(5, name="new_head")])
        tuned.compile(keras.optimizers.Adam(rate), logits, metrics=["accuracy"])
        return tuned

    return build


fit = {"epochs": 15, "batch_size": 32}

CASE = Case(
    id="fourth-b01-finetune-rate",
    story="I took my net for digits 0 to 4, put a new head on it and tuned all layers on 5 to 9 with Adam(0.3). The loss jumped in the first epoch and accuracy is that of guessing.",
    causes=("learning-rate-too-high", "dying-relu", "exploding-gradients"),
    sick=Run(data, model(0.3), fit),
    fixed=Run(data, model(5e-4), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.93,
)
