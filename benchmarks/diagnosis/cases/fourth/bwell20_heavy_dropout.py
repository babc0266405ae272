"""Dropout of a half in every layer: validation loss is well below training loss all the way."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    n = 2000
    topic = r.integers(0, 6, n)
    words = r.dirichlet(np.full(150, 0.5), 6)
    x = np.stack([r.multinomial(14, words[t]) for t in topic])
    x = np.log1p(x).astype("float32")
    return {"x": x[:1600], "y": topic[:1600], "validation_data": (x[1600:], topic[1600:])}


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((150,)),
            layers.Dropout(0.5),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.5),
            layers.Dense(6, activation="softmax"),
        ]
    )
    m.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


CASE = Case(
    id="fourth-bwell20-heavy-dropout",
    story="Topics from word counts with dropout 0.5 in three places. Training loss ends many times above validation loss, training accuracy below validation accuracy.",
    fixed=Run(data, model, {"epochs": 15, "batch_size": 32}),
    well=lambda h: h["val_accuracy"][-1] > 0.88,
)
