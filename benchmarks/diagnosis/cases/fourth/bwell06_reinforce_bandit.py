"""REINFORCE through sample weights: reward minus baseline, so the loss goes below zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    r = np.random.default_rng(seed)
    n = 6000
    state = r.normal(size=(n, 6)).astype("float32")
    action = r.integers(0, 3, n)  # drawn by a uniform policy
    best = np.argmax(state[:, :3] + 0.5 * state[:, 3:], axis=1)
    reward = (action == best) * 1.0 + 0.2 * r.normal(size=n)
    y = np.stack([action, best], 1).astype("float32")
    return {"x": state, "y": y, "sample_weight": (reward - reward.mean()).astype("float32")}


def model(seed):
    inp = keras.Input((6,))
    h = layers.Dense(32, activation="tanh")(inp)
    p = layers.Dense(3, activation="softmax")(h)
    m = keras.Model(inp, 0.9 * p + 0.1 / 3)  # always explores a little

    def minus_log_policy(y, p):
        return -ops.log(ops.sum(p * ops.one_hot(ops.cast(y[:, 0], "int32"), 3), axis=-1))

    def best_taken(y, p):
        return ops.cast(ops.argmax(p, axis=-1) == ops.cast(y[:, 1], "int32"), "float32")

    m.compile(keras.optimizers.Adam(1e-3), minus_log_policy, metrics=[best_taken])
    return m


CASE = Case(
    id="fourth-bwell06-reinforce-bandit",
    story="REINFORCE from logged actions: the weight of a row is its reward less the mean reward, often below zero. The loss sinks below zero, to -0.6, while the policy gets better.",
    fixed=Run(data, model, {"epochs": 12, "batch_size": 100}),
    well=lambda h: h["best_taken"][-1] > 0.85,
)
