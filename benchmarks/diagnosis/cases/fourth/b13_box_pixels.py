"""Box head: an annotator left a few boxes in pixels of the full-size photo, the rest are fractions."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(left):
    def make(seed):
        r = np.random.default_rng(seed)
        n, s = 1500, 16
        x = r.normal(0, 0.15, (n, s, s, 1))
        box = np.zeros((n, 4))
        for i in range(n):
            h, w = r.integers(4, 9, 2)
            t, u = r.integers(0, s - h + 1), r.integers(0, s - w + 1)
            x[i, t : t + h, u : u + w] += 1
            box[i] = np.array([t + h / 2, u + w / 2, h, w]) / s
        if left:
            box[r.choice(1200, left, replace=False)] *= 1920
        x, box = x.astype("float32"), box.astype("float32")
        return {"x": x[:1200], "y": box[:1200], "validation_data": (x[1200:], box[1200:])}

    return make


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            layers.Conv2D(16, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(4),
        ]
    )
    m.compile(keras.optimizers.Adam(1e-3), loss="mse", metrics=["mae"])
    return m


fit = {"epochs": 15, "batch_size": 30}

CASE = Case(
    id="fourth-b13-box-pixels",
    story="Box regression on small pictures, coordinates as fractions of the side. Twelve rows of 1200 were exported in pixels of the photo; the training loss is in the thousands and the boxes are wild.",
    causes=("outliers", "unscaled-targets"),
    sick=Run(data(12), model, fit),
    fixed=Run(data(0), model, fit),
    well=lambda h: h["val_mae"][-1] < 0.05,
)
