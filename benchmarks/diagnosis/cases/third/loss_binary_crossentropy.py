"""A small segmentation net; the masks come from png files (0 and 255) and the loss goes far below zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def discs(seed, n=360, s=24):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:s, :s]
    imgs, masks = [], []
    for _ in range(n):
        cx, cy, r = rng.uniform(6, s - 6), rng.uniform(6, s - 6), rng.uniform(3, 6)
        m = (xx - cx) ** 2 + (yy - cy) ** 2 < r * r
        img = 90 + 80 * m + rng.normal(0, 25, (s, s))
        imgs.append(np.clip(img, 0, 255))
        masks.append(m * 255)  # as the png files have it
    return np.array(imgs, "float32")[..., None] / 255.0, np.array(masks, "float32")[..., None]


def as_saved(seed):
    x, m = discs(seed)
    return {"x": x, "y": m}


def zero_one(seed):
    x, m = discs(seed)
    return {"x": x, "y": m / 255.0}


def model(seed):
    import keras
    from keras import layers

    inp = layers.Input((24, 24, 1))
    a = layers.Conv2D(8, 3, padding="same", activation="relu")(inp)
    b = layers.MaxPooling2D()(a)
    b = layers.Conv2D(16, 3, padding="same", activation="relu")(b)
    b = layers.UpSampling2D()(b)
    c = layers.Concatenate()([a, b])
    c = layers.Conv2D(8, 3, padding="same", activation="relu")(c)
    out = layers.Conv2D(1, 1, activation="sigmoid")(c)
    net = keras.Model(inp, out)
    net.compile("adam", loss="binary_crossentropy")
    return net


fit = {"epochs": 8, "batch_size": 16, "validation_split": 0.15}

CASE = Case(
    id="third-loss-binary-crossentropy",
    story="A small segmentation net; the masks come straight from png files (0 and 255) and the loss goes far below zero.",
    causes=("loss-target-mismatch", "unscaled-targets", "unbounded-loss"),
    sick=Run(as_saved, model, fit),
    fixed=Run(zero_one, model, fit),
    well=lambda h: 0 <= h["val_loss"][-1] < 0.2,
)
