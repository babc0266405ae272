"""LoRA on a trained net: nine tenths of the weights are frozen on purpose."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def _digits():
    from sklearn.datasets import load_digits

    d = load_digits()
    return (d.data / 8.0 - 1.0).astype("float32"), d.target


def data(seed):
    x, y = _digits()
    x = x.reshape(-1, 8, 8).transpose(0, 2, 1).reshape(-1, 64)  # the new scanner turns the pictures
    order = np.random.default_rng(seed).permutation(len(x))
    x, y = x[order], y[order]
    return {"x": x[:1400], "y": y[:1400], "validation_data": (x[1400:], y[1400:])}


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((64,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(10, activation="softmax"),
        ]
    )
    m.compile("adam", "sparse_categorical_crossentropy")
    x, y = _digits()
    m.fit(x, y, epochs=6, batch_size=64, verbose=0)
    for layer in m.layers[:2]:
        layer.enable_lora(8)
        layer.bias.trainable = False
    m.compile(keras.optimizers.Adam(3e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


CASE = Case(
    id="fourth-bwell16-lora-digits",
    story="A digit net is adapted to turned pictures by LoRA of rank 8; the kernels are frozen and only the small factors and the head move. The loss begins high, since the net is sure and wrong.",
    fixed=Run(data, model, {"epochs": 15, "batch_size": 50}),
    well=lambda h: h["val_accuracy"][-1] > 0.92,
)
