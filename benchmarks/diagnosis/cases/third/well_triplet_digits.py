"""Digit embeddings with a batch-hard triplet loss, which falls slowly, yet neighbours agree almost always."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    from sklearn.datasets import load_digits

    d = load_digits()
    x, y = (d.images / 16.0)[..., None].astype("float32"), d.target.astype("int32")[:, None]
    p = np.random.default_rng(seed).permutation(len(x))
    x, y = x[p], y[p]
    return {"x": x[:1400], "y": y[:1400], "validation_data": (x[1400:], y[1400:])}


def distances(e):
    return ops.sqrt(ops.maximum(2.0 - 2.0 * ops.matmul(e, ops.transpose(e)), 1e-8))


def batch_hard(y_true, e):
    y = ops.reshape(y_true, (-1, 1))
    same = ops.cast(ops.equal(y, ops.transpose(y)), "float32")
    d = distances(e)
    far = ops.max(d * same, axis=1)
    near = ops.min(d + 10.0 * same, axis=1)
    return ops.softplus((far - near) * 5.0) / 5.0


def neighbour_accuracy(y_true, e):
    y = ops.reshape(y_true, (-1,))
    d = distances(e) + 10.0 * ops.eye(ops.shape(e)[0])
    return ops.cast(ops.equal(y, ops.take(y, ops.argmin(d, axis=1))), "float32")


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(16, 3, activation="relu", padding="same"),
            layers.MaxPooling2D(),
            layers.Conv2D(32, 3, activation="relu", padding="same"),
            layers.Flatten(),
            layers.Dense(16),
            layers.UnitNormalization(),
        ]
    )
    m.compile(optimizer=keras.optimizers.Adam(1e-3), loss=batch_hard, metrics=[neighbour_accuracy])
    return m


CASE = Case(
    id="third-well-triplet-digits",
    story="Digit embeddings learned with a batch-hard triplet loss; the loss falls slowly since the hardest pair of each batch is what counts, yet neighbours agree almost always.",
    fixed=Run(data, model, {"epochs": 15, "batch_size": 100}),
    well=lambda h: h["val_neighbour_accuracy"][-1] > 0.94 and h["loss"][-1] < 0.12,
)
