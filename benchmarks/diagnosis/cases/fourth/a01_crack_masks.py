"""Hairline cracks in concrete tiles, pixel by pixel: 97% pixel accuracy, and no crack is ever drawn."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops

SIDE = 24


def tiles(seed, n=360):
    rng = np.random.default_rng(100 + seed)
    masks = np.zeros((n, SIDE, SIDE), "float32")
    for m in masks:
        if rng.random() < 0.3:
            continue
        r, drift = rng.uniform(4, SIDE - 4), rng.normal(0, 0.4)
        for c in range(rng.integers(0, 6), SIDE - rng.integers(0, 6)):
            r = np.clip(r + drift + rng.normal(0, 0.5), 0, SIDE - 1)
            m[int(r), c] = 1
        if rng.random() < 0.5:
            m[:] = m.T.copy()
    shade = rng.normal(0, 0.15, (n, 1, 1)) + rng.normal(0, 1.0, masks.shape)
    images = shade - 1.4 * masks
    return images[..., None].astype("float32"), masks[..., None]


def data(seed):
    x, y = tiles(seed)
    return {"x": x[:300], "y": y[:300], "validation_data": (x[300:], y[300:])}


def bce_and_overlap(y_true, y_pred):
    inter = ops.sum(y_true * y_pred)
    miss = ops.sum(y_true * (1 - y_pred))
    extra = ops.sum((1 - y_true) * y_pred)
    tversky = (inter + 1.0) / (inter + 0.7 * miss + 0.3 * extra + 1.0)
    return 1.0 - tversky + 0.2 * ops.mean(keras.losses.binary_crossentropy(y_true, y_pred))


def net(loss):
    def model(seed):
        inp = keras.Input((SIDE, SIDE, 1))
        a = layers.Conv2D(8, 3, padding="same", activation="relu")(inp)
        b = layers.MaxPooling2D()(a)
        b = layers.Conv2D(16, 3, padding="same", activation="relu")(b)
        b = layers.Conv2D(16, 3, padding="same", activation="relu")(b)
        b = layers.UpSampling2D()(b)
        c = layers.Concatenate()([a, b])
        c = layers.Conv2D(8, 3, padding="same", activation="relu")(c)
        out = layers.Conv2D(1, 1, activation="sigmoid")(c)
        m = keras.Model(inp, out)
        m.compile(
            optimizer=keras.optimizers.Adam(3e-3),
            loss=loss,
            metrics=["binary_accuracy", keras.metrics.BinaryIoU([1], name="iou")],
        )
        return m

    return model


fit = {"epochs": 16, "batch_size": 12}

CASE = Case(
    id="fourth-a01-crack-masks",
    story="A small U-shaped net marks hairline cracks in concrete tiles. The pixel accuracy stands at 97% from the second epoch, but the predicted masks are empty.",
    causes=("class-imbalance", "loss-target-mismatch"),
    sick=Run(data, net("binary_crossentropy"), fit),
    fixed=Run(data, net(bce_and_overlap), fit),
    well=lambda h: h["iou"][-1] > 0.15,
)
