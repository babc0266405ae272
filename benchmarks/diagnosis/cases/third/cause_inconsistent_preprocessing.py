"""The augmenting function also standardises each image, and the validation images do not go through it."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def augment(images, rng):
    out = []
    for im in images:
        im = np.roll(im, rng.integers(-1, 2), axis=1)
        im = 16 - im  # dark ink on white paper
        im = im + rng.normal(0, 0.5, im.shape)
        im = (im - im.mean()) / (im.std() + 1e-6)
        out.append(im)
    return np.array(out)


def plain(images):
    return np.array([(16 - im - (16 - im).mean()) / (im.std() + 1e-6) for im in images])


def prepare(seed, same):
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(seed)
    d = load_digits()
    p = rng.permutation(len(d.target))
    im, y = d.images[p], d.target[p]
    xa = augment(im[:1300], rng)[..., None]
    xb = (plain(im[1300:]) if same else im[1300:])[..., None]
    return {"x": xa.astype("float32"), "y": y[:1300], "validation_data": (xb.astype("float32"), y[1300:])}


def model(seed):
    from tensorflow import keras

    L = keras.layers
    m = keras.Sequential(
        [
            L.Input((8, 8, 1)),
            L.Conv2D(16, 3, padding="same"),
            L.BatchNormalization(momentum=0.9),
            L.Activation("relu"),
            L.MaxPooling2D(),
            L.Conv2D(32, 3, padding="same"),
            L.BatchNormalization(momentum=0.9),
            L.Activation("relu"),
            L.Flatten(),
            L.Dense(10, activation="softmax"),
        ]
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


fit = {"epochs": 12, "batch_size": 32}

CASE = Case(
    id="third-cause-inconsistent-preprocessing",
    story="The augmenting function also turns the ink dark and standardises each image, and the validation images do not go through it; training is fine, the validation loss is large and keeps growing.",
    causes=("inconsistent-preprocessing",),
    sick=Run(lambda s: prepare(s, False), model, fit),
    fixed=Run(lambda s: prepare(s, True), model, fit),
    well=lambda h: h["val_loss"][-1] < 0.4,
)
