"""Shapes labelled by click workers, about every third label is wrong; both curves stay high."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def shapes(seed, n=1500, s=16):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:s, :s]
    X = rng.normal(0, 0.15, (n, s, s))
    y = rng.integers(0, 4, n)
    for i in range(n):
        cx, cy, r = rng.uniform(5, 10), rng.uniform(5, 10), rng.uniform(2.5, 4.5)
        dx, dy = np.abs(xx - cx), np.abs(yy - cy)
        m = [
            dx**2 + dy**2 < r * r,
            (dx < r) & (dy < 1),
            (dy < r) & (dx < 1),
            ((dx < 1) | (dy < 1)) & (dx < r) & (dy < r),
        ][y[i]]
        X[i] += m
    return X[..., None].astype("float32"), y, rng


def crowd(seed):
    X, y, rng = shapes(seed)
    wrong = rng.random(len(y)) < 0.5
    y = np.where(wrong, rng.integers(0, 4, len(y)), y)  # what the crowd workers clicked
    return {"x": X, "y": y}


def checked(seed):
    X, y, _ = shapes(seed)
    return {"x": X, "y": y}


def model(seed):
    m = keras.Sequential(
        [
            layers.Input((16, 16, 1)),
            layers.Conv2D(8, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(16, 3, activation="relu"),
            layers.GlobalMaxPooling2D(),
            layers.Dropout(0.2),
            layers.Dense(4, activation="softmax"),
        ]
    )
    m.compile(
        optimizer=keras.optimizers.Adam(0.005), loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )
    return m


fit = {"epochs": 18, "batch_size": 32, "validation_split": 0.2}

CASE = Case(
    id="third-cause-label-noise",
    story="Shapes labelled by click workers, about every third label is wrong; the loss falls a little and then both curves stay high.",
    causes=("label-noise",),
    sick=Run(crowd, model, fit),
    fixed=Run(checked, model, fit),
    well=lambda h: h["val_loss"][-1] < 0.4,
)
