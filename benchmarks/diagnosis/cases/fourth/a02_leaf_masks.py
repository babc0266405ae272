"""Leaf segmentation with a Tversky loss; photographs and masks were listed from two folders."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def scenes(seed, n=400, side=20):
    rng = np.random.default_rng(seed)
    yy, xx = np.mgrid[:side, :side]
    photos, masks = [], []
    for _ in range(n):
        cy, cx = rng.uniform(4, side - 4, 2)
        a, b, t = rng.uniform(3, 6), rng.uniform(1.5, 3.5), rng.uniform(0, np.pi)
        u = (yy - cy) * np.cos(t) + (xx - cx) * np.sin(t)
        v = -(yy - cy) * np.sin(t) + (xx - cx) * np.cos(t)
        mask = (u / a) ** 2 + (v / b) ** 2 < 1
        soil = np.array([0.45, 0.35, 0.25]) + rng.normal(0, 0.03, 3)
        leaf = np.array([0.25, 0.5, 0.2]) + rng.normal(0, 0.04, 3)
        img = np.where(mask[..., None], leaf, soil) + rng.normal(0, 0.08, (side, side, 3))
        photos.append(img)
        masks.append(mask[..., None])
    return np.clip(photos, 0, 1).astype("float32"), np.array(masks, "float32")


def data(by_name):
    def load(seed):
        photos, masks = scenes(seed)
        # plot_1.png, plot_2.png, ... ; the two listings
        numbers = np.arange(1, len(photos) + 1)
        as_text = sorted(range(len(photos)), key=lambda i: f"plot_{numbers[i]}.png")
        x = photos[as_text]
        y = masks[as_text] if by_name else masks
        return {"x": x, "y": y, "validation_split": 0.2}

    return load


def model(seed):
    import keras
    from keras import layers

    m = keras.Sequential(
        [
            keras.Input((20, 20, 3)),
            layers.Conv2D(12, 3, padding="same", activation="swish"),
            layers.Conv2D(12, 3, padding="same", dilation_rate=2, activation="swish"),
            layers.Conv2D(12, 3, padding="same", activation="swish"),
            layers.Conv2D(1, 1, activation="sigmoid"),
        ]
    )
    m.compile(
        optimizer=keras.optimizers.RMSprop(2e-3),
        loss=keras.losses.Tversky(alpha=0.4, beta=0.6),
        metrics=[keras.metrics.BinaryIoU([1], name="iou")],
    )
    return m


fit = {"epochs": 15, "batch_size": 16}

CASE = Case(
    id="fourth-a02-leaf-masks",
    story="Leaves on soil, segmented with a Tversky loss. The loss sinks a little and stays; every prediction is the same blurred blob in the middle, although the leaves are plainly green.",
    causes=("misaligned-labels", "label-noise"),
    sick=Run(data(False), model, fit),
    fixed=Run(data(True), model, fit),
    well=lambda h: h["val_iou"][-1] > 0.7,
)
