"""Segmentation where two per cent of the pixels are specks: dice plus cross-entropy."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    r = np.random.default_rng(seed)
    n, s = 360, 24
    yy, xx = np.mgrid[:s, :s]
    x = r.normal(0, 0.25, (n, s, s)) + 0.3 * np.sin(xx / 4 + r.uniform(0, 6, (n, 1, 1)))
    y = np.zeros((n, s, s))
    for i in range(n):
        for _ in range(r.integers(1, 3)):
            cy, cx = r.integers(2, s - 2, 2)
            spot = (yy - cy) ** 2 + (xx - cx) ** 2 <= 2
            y[i][spot] = 1
            x[i][spot] += 1.2
    x, y = x[..., None].astype("float32"), y[..., None].astype("float32")
    return {"x": x[:300], "y": y[:300], "validation_data": (x[300:], y[300:])}


def model(seed):
    def soft_dice(t, p):
        both = ops.sum(t * p, axis=(1, 2, 3))
        return 1 - (2 * both + 1) / (ops.sum(t, axis=(1, 2, 3)) + ops.sum(p, axis=(1, 2, 3)) + 1)

    def loss(t, p):
        ce = ops.mean(keras.losses.binary_crossentropy(t, p), axis=(1, 2))
        return ce + soft_dice(t, p)

    inp = keras.Input((24, 24, 1))
    a = layers.Conv2D(12, 3, padding="same", activation="relu")(inp)
    b = layers.Conv2D(24, 3, padding="same", activation="relu")(layers.MaxPooling2D()(a))
    b = layers.Conv2D(24, 3, padding="same", activation="relu")(b)
    c = layers.Concatenate()([a, layers.UpSampling2D()(b)])
    c = layers.Conv2D(12, 3, padding="same", activation="relu")(c)
    m = keras.Model(inp, layers.Conv2D(1, 1, activation="sigmoid")(c))
    m.compile(keras.optimizers.Adam(2e-3), loss=loss, metrics=[soft_dice, "accuracy"])
    return m


CASE = Case(
    id="fourth-bwell12-segment-specks",
    story="Specks of nine pixels on 24x24 images; accuracy is 0.97 from the first epoch on, which says nothing, while the dice loss sinks from 0.9.",
    fixed=Run(data, model, {"epochs": 10, "batch_size": 12}),
    well=lambda h: h["val_soft_dice"][-1] < 0.25,
)
