"""An encoder trained on the digits 0 to 4 is frozen, and only a new last layer learns 5 to 9."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def split():
    from sklearn.datasets import load_digits

    d = load_digits()
    return (d.images / 16.0).astype("float32")[..., None], d.target


def data(seed):
    x, y = split()
    new = y >= 5
    x, y = x[new], y[new] - 5
    i = np.random.default_rng(seed).permutation(len(x))
    x, y = x[i], y[i]
    return {"x": x[:300], "y": y[:300], "validation_data": (x[300:], y[300:])}


def model(seed):
    import keras
    from keras import layers

    # an encoder trained on the digits 0 to 4
    x, y = split()
    old = y < 5
    base = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(32, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.Flatten(),
        ],
        name="encoder",
    )
    pre = keras.Sequential([base, layers.Dense(5, activation="softmax")])
    pre.compile("adam", "sparse_categorical_crossentropy")
    pre.fit(x[old], y[old], epochs=4, batch_size=32, verbose=0)
    # only a new head on it
    base.trainable = False
    inp = keras.Input((8, 8, 1))
    h = base(inp, training=False)
    out = layers.Dense(5, activation="softmax")(h)
    m = keras.Model(inp, out)
    m.compile(keras.optimizers.Adam(8e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


CASE = Case(
    id="third-well-frozen-transfer",
    story="A convolutional encoder trained on the digits 0 to 4 is frozen, and only a new last layer learns 5 to 9 from 300 pictures; it works nicely.",
    fixed=Run(data, model, {"epochs": 20, "batch_size": 32}),
    well=lambda h: h["val_accuracy"][-1] > 0.94 and h["val_loss"][-1] < 0.25,
)
