"""Wind power with a mean and a spread for every hour, trained by a Gaussian log-likelihood of my own."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    rng = np.random.default_rng(seed + 3)
    n = 2000
    wind = rng.weibull(2.0, n) * 8
    gust = wind * rng.uniform(1.1, 1.8, n)
    angle = rng.uniform(0, 2 * np.pi, n)
    temp = rng.normal(10, 8, n)
    power = 1 / (1 + np.exp(-(wind - 8) / 1.5)) * (1 - 0.1 * np.cos(angle)) - 0.002 * (temp - 10)
    y = power + rng.normal(0, 1, n) * (0.02 + 0.02 * (gust - wind))
    x = np.stack([wind / 8, gust / 10, np.sin(angle), np.cos(angle), (temp - 10) / 8], 1)
    return {"x": x.astype("float32"), "y": y.astype("float32")[:, None], "validation_split": 0.2}


def gaussian(sign):
    def loss(y, out):
        mu, log_sd = out[:, :1], out[:, 1:]
        z = (y - mu) * ops.exp(-log_sd)
        return sign * ops.mean(0.5 * z**2 + log_sd)

    return loss


def error(y, out):
    return ops.mean(ops.abs(y - out[:, :1]))


def net(sign):
    def model(seed):
        inp = keras.Input((5,))
        h = layers.Dense(40, activation="gelu")(inp)
        h = layers.Dense(40, activation="gelu")(h)
        out = layers.Concatenate()([layers.Dense(1)(h), layers.Dense(1)(h)])
        m = keras.Model(inp, out)
        m.compile(keras.optimizers.AdamW(1e-3, weight_decay=1e-4), loss=gaussian(sign), metrics=[error])
        return m

    return model


fit = {"epochs": 16, "batch_size": 32}

CASE = Case(
    id="fourth-a09-wind-power",
    story="I maximise a Gaussian log-likelihood for wind power. The loss plunges to minus thousands and beyond, while the mean error grows from epoch to epoch.",
    causes=("unbounded-loss", "loss-target-mismatch"),
    sick=Run(data, net(-1.0), fit),
    fixed=Run(data, net(1.0), fit),
    well=lambda h: h["val_error"][-1] < 0.15 and h["loss"][-1] < 0,
)
