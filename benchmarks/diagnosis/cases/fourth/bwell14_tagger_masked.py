"""Tagger with mask_zero and an LSTM: half of all positions are padding and do not count."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    n, long, vocab = 900, 30, 90
    tag = r.integers(0, 4, vocab)
    x, y = np.zeros((n, long), "int32"), np.zeros((n, long), "int32")
    for i in range(n):
        k = int(r.integers(4, 26))
        w = r.integers(1, vocab, k)
        t = tag[w]
        seen = np.cumsum(w < 5) % 2  # words 1 to 4 open and close a quotation
        x[i, :k], y[i, :k] = w, np.where(seen == 1, 4, t)
    return {"x": x[:750], "y": y[:750], "validation_data": (x[750:], y[750:])}


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((30,), dtype="int32"),
            layers.Embedding(90, 24, mask_zero=True),
            layers.LSTM(40, return_sequences=True),
            layers.Dense(5, activation="softmax"),
        ]
    )
    m.compile(keras.optimizers.Adam(6e-3), "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return m


CASE = Case(
    id="fourth-bwell14-tagger-masked",
    story="LSTM tagger on padded sentences with mask_zero=True; half of all targets are padding zeros that the mask takes out.",
    fixed=Run(data, model, {"epochs": 8, "batch_size": 30}),
    well=lambda h: h["val_accuracy"][-1] > 0.9,
)
