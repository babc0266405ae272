"""Label smoothing of 0.2: the loss cannot go below 0.9 and accuracy is nearly perfect."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    from sklearn.datasets import load_digits

    d = load_digits()
    order = np.random.default_rng(seed).permutation(len(d.target))
    x = (d.data[order] / 16.0).astype("float32")
    y = keras.utils.to_categorical(d.target[order], 10)
    return {"x": x[:1400], "y": y[:1400], "validation_data": (x[1400:], y[1400:])}


def model(seed):
    m = keras.Sequential(
        [keras.Input((64,)), layers.Dense(96, activation="mish"), layers.Dropout(0.1), layers.Dense(10)]
    )
    m.compile(
        keras.optimizers.Nadam(2e-3),
        keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
        metrics=["accuracy"],
    )
    return m


CASE = Case(
    id="fourth-bwell19-label-smoothing",
    story="Digits with label smoothing 0.2. The loss goes flat just below 1.0 and stays there while accuracy is 98 per cent.",
    fixed=Run(data, model, {"epochs": 25, "batch_size": 64}),
    well=lambda h: h["val_accuracy"][-1] > 0.95 and h["loss"][-1] > 0.8,
)
