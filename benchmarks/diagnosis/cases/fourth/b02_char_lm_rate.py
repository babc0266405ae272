"""A character model of made-up place names, with a rate of 1e-5."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers

START = ["ash", "bur", "lang", "nor", "wick", "har", "stan", "mil"]
MIDDLE = ["er", "ing", "le", "a", "en"]
END = ["ton", "ham", "ford", "by", "field", "worth"]
LETTERS = "_ abcdefghijklmnopqrstuvwxyz"


def data(seed):
    r = np.random.default_rng(seed)
    names = []
    for _ in range(9000):
        mid = r.choice(MIDDLE) if r.random() < 0.5 else ""
        names.append(str(r.choice(START)) + str(mid) + str(r.choice(END)))
    codes = np.array([LETTERS.index(c) for c in " ".join(names)])
    rows = len(codes) // 33
    codes = codes[: rows * 33].reshape(rows, 33)
    x, y = codes[:, :-1], codes[:, 1:]
    return {"x": x[:2000], "y": y[:2000], "validation_data": (x[2000:2300], y[2000:2300])}


def model(rate):
    def build(seed):
        m = keras.Sequential(
            [
                keras.Input((32,), dtype="int32"),
                layers.Embedding(len(LETTERS), 24),
                layers.GRU(64, return_sequences=True),
                layers.Dense(len(LETTERS)),
            ]
        )
        m.compile(
            optimizer=keras.optimizers.AdamW(rate, weight_decay=1e-4),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        )
        return m

    return build


fit = {"epochs": 10, "batch_size": 64}

CASE = Case(
    id="fourth-b02-char-lm-rate",
    story="A small GRU that predicts the next letter of place names. I used the fine-tuning rate 1e-5 from a blog; after ten epochs the loss is still above 3 and falls by about a hundredth an epoch.",
    causes=("learning-rate-too-low", "too-few-epochs"),
    sick=Run(data, model(1e-5), fit),
    fixed=Run(data, model(5e-3), fit),
    well=lambda h: h["val_loss"][-1] < 0.85,
)
