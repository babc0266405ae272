"""Sequence tagger: tokens padded in front, tags padded at the end."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers

LONG, WORDS, TAGS = 24, 120, 5


def data(side):
    def make(seed):
        r = np.random.default_rng(seed)
        kind = r.integers(1, TAGS + 1, WORDS + 1)  # each word's usual tag
        tokens, tags = [], []
        for _ in range(1500):
            n = int(r.integers(5, LONG + 1))
            w = r.integers(1, WORDS + 1, n)
            t = kind[w].copy()
            t[1:] = np.where(t[:-1] == 1, 2, t[1:])  # the tag after a 1 is a 2
            tokens.append(w)
            tags.append(t)
        pad = keras.utils.pad_sequences
        x = pad(tokens, LONG)
        y = pad(tags, LONG, padding=side)
        w = (y > 0).astype("float32")
        return {
            "x": x[:1200],
            "y": y[:1200],
            "sample_weight": w[:1200],
            "validation_data": (x[1200:], y[1200:], w[1200:]),
        }

    return make


def model(seed):
    inp = keras.Input((LONG,), dtype="int32")
    h = layers.Embedding(WORDS + 1, 32)(inp)
    h = layers.Conv1D(48, 3, padding="same", activation="relu")(h)
    h = layers.Conv1D(48, 3, padding="same", activation="relu")(h)
    m = keras.Model(inp, layers.Dense(TAGS + 1, activation="softmax")(h))
    m.compile("adam", "sparse_categorical_crossentropy", weighted_metrics=["accuracy"])
    return m


fit = {"epochs": 12, "batch_size": 32}

CASE = Case(
    id="fourth-b04-tagger-padding",
    story="Sequence tagger on padded sentences; padding gets weight zero. I call pad_sequences for the tokens and pad_sequences(..., padding='post') for the tags. Accuracy is not much above that of the most frequent tag.",
    causes=("misaligned-labels", "label-noise"),
    sick=Run(data("post"), model, fit),
    fixed=Run(data("pre"), model, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.9,
)
