"""Mixture density net for a many-valued curve; its loss goes below zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    r = np.random.default_rng(seed)
    t = r.uniform(0, 1, 2600)
    x = t + 0.3 * np.sin(2 * np.pi * t) + r.normal(0, 0.02, 2600)  # the classic inverse problem
    x, t = (4 * x - 2).astype("float32")[:, None], t.astype("float32")[:, None]
    return {"x": x[:2100], "y": t[:2100], "validation_data": (x[2100:], t[2100:])}


def model(seed):
    k = 4

    def nll(y, p):
        w, mean, ls = p[:, :k], p[:, k : 2 * k], ops.clip(p[:, 2 * k :], -4.5, 3.0)
        each = ops.log_softmax(w) - ls - 0.5 * ops.square((y - mean) / ops.exp(ls)) - 0.919
        return -ops.logsumexp(each, axis=-1)

    m = keras.Sequential(
        [
            keras.Input((1,)),
            layers.Dense(40, activation="tanh"),
            layers.Dense(40, activation="tanh"),
            layers.Dense(3 * k),
        ]
    )
    m.compile(keras.optimizers.Adam(3e-3), loss=nll)
    return m


CASE = Case(
    id="fourth-bwell08-mixture-density",
    story="Four-part mixture density net on the inverse of a wavy curve. The negative log likelihood crosses zero and ends near -1.",
    fixed=Run(data, model, {"epochs": 40, "batch_size": 70}),
    well=lambda h: h["val_loss"][-1] < -0.7,
)
