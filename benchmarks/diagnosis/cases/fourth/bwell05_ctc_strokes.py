"""CTC: the loss falls to a short flat stretch (all blanks) and then falls again."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    shapes = r.normal(0, 1, (6, 3, 8))  # six symbols, three frames each
    n, steps = 1200, 24
    x = r.normal(0, 0.3, (n, steps, 8))
    y = np.zeros((n, 5), "int32")
    for i in range(n):
        at = int(r.integers(0, 3))
        for j in range(int(r.integers(3, 6))):
            s = int(r.integers(0, 6))
            if at + 3 > steps:
                break
            x[i, at : at + 3] += shapes[s]
            y[i, j] = s + 1
            at += 3 + int(r.integers(1, 3))
    x = x.astype("float32")
    return {"x": x[:1000], "y": y[:1000], "validation_data": (x[1000:], y[1000:])}


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((24, 8)),
            layers.Conv1D(48, 5, padding="same", activation="relu"),
            layers.Conv1D(48, 3, padding="same", activation="relu"),
            layers.Dense(7),  # class 0 is the blank
        ]
    )
    m.compile(keras.optimizers.Adam(2e-3), loss=keras.losses.CTC())
    return m


CASE = Case(
    id="fourth-bwell05-ctc-strokes",
    story="CTC on made-up strokes of up to five symbols. The loss falls from 20 to about 9, lingers there while the net says blank everywhere, and only then falls to nearly nothing.",
    fixed=Run(data, model, {"epochs": 20, "batch_size": 25}),
    well=lambda h: h["val_loss"][-1] < 1.0,
)
