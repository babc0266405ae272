"""Insurance claims, five policies in six without any, under a Tweedie deviance of power 1.5."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    rng = np.random.default_rng(seed)
    n = 4000
    age, power, city, bonus = rng.uniform(18, 80, n), rng.gamma(6, 15, n), rng.random(n) < 0.4, rng.random(n)
    rate = np.exp(-2.6 + 1.0 * (age < 25) + 0.6 * city + 0.006 * (power - 90) + 0.9 * bonus)
    number = rng.poisson(rate)
    cost = np.array([rng.gamma(2.0, 1.2, k).sum() for k in number])
    x = np.stack([(age - 49) / 18, age < 25, (power - 90) / 37, city, bonus], 1)
    return {"x": x.astype("float32"), "y": cost.astype("float32")[:, None], "batch_size": 100}


def tweedie(y, mu, rho=1.5):
    return ops.mean(-y * ops.power(mu, 1 - rho) / (1 - rho) + ops.power(mu, 2 - rho) / (2 - rho))


def net(last):
    def model(seed):
        m = keras.Sequential(
            [
                keras.Input((5,)),
                layers.Dense(24, activation="silu"),
                layers.Dense(12, activation="silu"),
                layers.Dense(1, activation=last),
            ]
        )
        m.compile(keras.optimizers.Nadam(2e-3), loss=tweedie, metrics=["mae"])
        return m

    return model


fit = {"epochs": 20}

CASE = Case(
    id="fourth-a12-claims-tweedie",
    story="Claim costs with a Tweedie loss written with ops.power; the loss is nan from the first epoch, although the data hold no nan.",
    causes=("numerical-instability", "loss-activation-mismatch"),
    sick=Run(data, net("linear"), fit),
    fixed=Run(data, net("exponential"), fit),
    well=lambda h: h["loss"][-1] < 2.66,
)
