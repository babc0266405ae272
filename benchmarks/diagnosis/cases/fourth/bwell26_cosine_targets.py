"""Cosine similarity as the loss: it runs from 0 down to -1."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    x = r.normal(size=(2000, 20))
    y = np.tanh(x @ r.normal(0, 0.3, (20, 12))) @ r.normal(0, 1, (12, 8)) + 0.2 * r.normal(size=(2000, 8))
    x, y = x.astype("float32"), y.astype("float32")
    return {"x": x, "y": y, "validation_split": 0.15}


def model(seed):
    m = keras.Sequential([keras.Input((20,)), layers.Dense(80, activation="elu"), layers.Dense(8)])
    m.compile(keras.optimizers.Adamax(5e-3), loss=keras.losses.CosineSimilarity(axis=-1))
    return m


CASE = Case(
    id="fourth-bwell26-cosine-targets",
    story="Directions of embedding vectors under the cosine loss of Keras, which is -1 at its best. It is negative from the first epoch on.",
    fixed=Run(data, model, {"epochs": 20, "batch_size": 50}),
    well=lambda h: h["val_loss"][-1] < -0.9,
)
