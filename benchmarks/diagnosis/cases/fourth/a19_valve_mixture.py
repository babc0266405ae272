"""Valve setting for a wanted flow: several settings give one flow, hence a mixture density network."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    rng = np.random.default_rng(seed)
    n = 2400
    setting = rng.uniform(-1, 1, n)
    head = rng.uniform(0.8, 1.2, n)
    flow = head * (setting + 0.45 * np.sin(2 * np.pi * setting)) + rng.normal(0, 0.02, n)
    x = np.stack([flow, (head - 1) / 0.115], 1)
    return {"x": x.astype("float32"), "y": 15 * setting.astype("float32")[:, None], "validation_split": 0.2}


def pieces(y, out):
    share, mu, s = out[:, :4], out[:, 4:8], out[:, 8:]
    sigma = ops.softplus(s) + 0.01
    log_n = -0.5 * ops.square((y - mu) / sigma) - ops.log(sigma) - 0.5 * np.log(2 * np.pi)
    return share, log_n


def by_densities(y, out):
    share, log_n = pieces(y, out)
    return -ops.log(ops.sum(ops.softmax(share) * ops.exp(log_n), axis=1))


def by_logs(y, out):
    share, log_n = pieces(y, out)
    return -ops.logsumexp(ops.log_softmax(share) + log_n, axis=1)


def net(loss):
    def model(seed):
        inp = keras.Input((2,))
        h = layers.Dense(64, activation="tanh")(inp)
        h = layers.Dense(64, activation="tanh")(h)
        m = keras.Model(inp, layers.Dense(12)(h))
        m.compile(keras.optimizers.Adam(6e-3), loss=loss)
        return m

    return model


fit = {"epochs": 30, "batch_size": 40}

CASE = Case(
    id="fourth-a19-valve-mixture",
    story="A mixture density network for valve settings in turns (-15 to 15), written after the formula of the book. The loss is nan from the first epoch, though nothing in the data is.",
    causes=("numerical-instability", "unscaled-targets"),
    sick=Run(data, net(by_densities), fit),
    fixed=Run(data, net(by_logs), fit),
    well=lambda h: h["loss"][-1] < 2.8,
)
