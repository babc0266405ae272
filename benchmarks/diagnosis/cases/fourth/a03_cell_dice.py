"""Cell nuclei with a Dice loss; the masks come from 8-bit PNG files."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def nuclei(seed, n=240, side=28):
    rng = np.random.default_rng(seed + 7)
    yy, xx = np.mgrid[:side, :side]
    x = rng.normal(60, 14, (n, side, side))
    y = np.zeros((n, side, side), "uint8")
    for i in range(n):
        for _ in range(rng.integers(2, 6)):
            cy, cx, r = rng.uniform(2, side - 2), rng.uniform(2, side - 2), rng.uniform(2, 4)
            disc = (yy - cy) ** 2 + (xx - cx) ** 2 < r * r
            y[i][disc] = 255
            x[i][disc] += rng.uniform(35, 70)
    return np.clip(x, 0, 255)[..., None].astype("float32") / 255.0, y[..., None].astype("float32")


def data(divide):
    def load(seed):
        x, y = nuclei(seed)
        return {"x": x, "y": y / divide}

    return load


def dice_loss(y_true, y_pred):
    inter = ops.sum(y_true * y_pred, axis=(1, 2, 3))
    total = ops.sum(y_true, axis=(1, 2, 3)) + ops.sum(y_pred, axis=(1, 2, 3))
    return 1.0 - (2.0 * inter + 1.0) / (total + 1.0)


def hit(y_true, y_pred):
    return ops.mean(ops.cast(ops.equal(y_true > 0, y_pred > 0.5), "float32"))


def model(seed):
    inp = keras.Input((28, 28, 1))
    h = inp
    for width in (8, 16):
        h = layers.Conv2D(width, 3, padding="same", use_bias=False)(h)
        h = layers.BatchNormalization()(h)
        h = layers.Activation("relu")(h)
    out = layers.Conv2D(1, 3, padding="same", activation="sigmoid")(h)
    m = keras.Model(inp, out)
    m.compile(keras.optimizers.Adam(2e-3), loss=dice_loss, metrics=[hit])
    return m


fit = {"epochs": 16, "batch_size": 8}

CASE = Case(
    id="fourth-a03-cell-dice",
    story="Nuclei in microscope images with my own Dice loss. The loss goes below zero, to -0.98, and the predicted nuclei are far too fat and run into each other.",
    causes=("loss-target-mismatch", "unscaled-targets", "unbounded-loss"),
    sick=Run(data(1.0), model, fit),
    fixed=Run(data(255.0), model, fit),
    well=lambda h: h["hit"][-1] > 0.98 and h["loss"][-1] > 0,
)
