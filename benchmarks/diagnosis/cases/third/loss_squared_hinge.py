"""The share of 'good' votes is used as target of the squared hinge; the net calls everything good."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def reviews(seed):
    rng = np.random.default_rng(seed + 3)
    n, T, V = 2000, 30, 120
    truth = rng.integers(0, 2, n)
    X = rng.integers(41, V, (n, T))
    for i in range(n):
        k = rng.integers(4, 9)
        pos = rng.choice(T, k, replace=False)
        X[i, pos] = rng.integers(1, 21, k) + 20 * truth[i]
    # three people judged every review; now and then one of them is wrong
    votes = np.where(rng.random((n, 3)) < 0.08, 1 - truth[:, None], truth[:, None])
    return X, votes


def mean_votes(seed):
    X, votes = reviews(seed)
    y = votes.mean(1).astype("float32")
    return {"x": X[:1600], "y": y[:1600], "validation_data": (X[1600:], y[1600:])}


def majority(seed):
    X, votes = reviews(seed)
    y = np.where(votes.mean(1) > 0.5, 1.0, -1.0).astype("float32")
    return {"x": X[:1600], "y": y[:1600], "validation_data": (X[1600:], y[1600:])}


def agree(y_true, y_pred):
    y_true, y_pred = keras.ops.reshape(y_true, (-1,)), keras.ops.reshape(y_pred, (-1,))
    return keras.ops.mean(keras.ops.cast(keras.ops.equal(y_true > 0.5, y_pred > 0), "float32"))


def model(seed):
    m = keras.Sequential(
        [
            layers.Input((30,), dtype="int32"),
            layers.Embedding(120, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizer=keras.optimizers.RMSprop(0.003), loss=keras.losses.SquaredHinge(), metrics=[agree])
    return m


fit = {"epochs": 12, "batch_size": 50}

CASE = Case(
    id="third-loss-squared-hinge",
    story="The share of 'good' votes of three readers is used as target of the squared hinge; the loss settles early and the net calls everything good.",
    causes=("loss-target-mismatch",),
    sick=Run(mean_votes, model, fit),
    fixed=Run(majority, model, fit),
    well=lambda h: h["val_agree"][-1] > 0.85,
)
