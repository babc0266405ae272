"""Cosine schedule whose length was counted in epochs, not in steps."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers

EPOCHS, BATCH, N = 20, 40, 1600


def data(seed):
    r = np.random.default_rng(seed)
    words = r.integers(1, 200, (N + 400, 30))
    mood = r.normal(size=200)
    flip = np.where(np.arange(200) < 12, -1, 1)  # some words turn the next one round
    sign = np.concatenate([np.ones((len(words), 1)), flip[words[:, :-1]]], 1)
    y = ((mood[words] * sign).sum(1) > 0).astype("float32")
    return {"x": words[:N], "y": y[:N], "validation_data": (words[N:], y[N:])}


def model(steps):
    def build(seed):
        rate = keras.optimizers.schedules.CosineDecay(3e-3, decay_steps=steps)
        m = keras.Sequential(
            [
                keras.Input((30,), dtype="int32"),
                layers.Embedding(200, 8),
                layers.Dropout(0.2),
                layers.GlobalAveragePooling1D(),
                layers.Dense(8, activation="relu"),
                layers.Dense(1, activation="sigmoid"),
            ]
        )
        m.compile(keras.optimizers.Adam(rate), "binary_crossentropy", metrics=["accuracy"])
        return m

    return build


fit = {"epochs": EPOCHS, "batch_size": BATCH}

CASE = Case(
    id="fourth-b16-cosine-short",
    story="Bag-of-words mood classifier with CosineDecay(3e-3, decay_steps=epochs). The loss is 0.69 after the first epoch and the same to the last digit after the twentieth.",
    causes=("learning-rate-too-low", "optimizer-misconfigured"),
    sick=Run(data, model(EPOCHS), fit),
    fixed=Run(data, model(EPOCHS * N // BATCH), fit),
    well=lambda h: h["accuracy"][-1] > 0.8 and h["val_accuracy"][-1] > 0.75,
)
