"""Training accuracy 98%, validation accuracy 10 to 20% from the first epoch on, more dropout or not."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed, twice=True):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    d = load_digits()
    img = np.clip(d.images * 15.9, 0, 255).astype("uint8")
    a, b, ya, yb = train_test_split(img, d.target, test_size=0.3, random_state=seed)
    a = a.astype("float32") / 255
    b = b.astype("float32") / 255
    if twice:
        b = b / 255  # the cell was run a second time for the test part
    return {"x": a[..., None], "y": ya, "validation_data": (b[..., None], yb)}


def model(seed):
    from keras import Sequential, layers

    m = Sequential(
        [
            layers.Input((8, 8, 1)),
            layers.Conv2D(24, 3, activation="relu"),
            layers.Flatten(),
            layers.Dropout(0.25),
            layers.Dense(48, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    m.compile(optimizer="nadam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


fit = {"epochs": 12, "batch_size": 32}

CASE = Case(
    id="third-post-divided-twice",
    story="Training accuracy 98%, validation accuracy 10 to 20% from the first epoch on, and it is no better with more dropout.",
    causes=("inconsistent-preprocessing",),
    sick=Run(data, model, fit),
    fixed=Run(lambda s: data(s, False), model, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.85,
)
