"""Shares of five minerals, each behind its own sigmoid; the divergence falls below zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras


def data(seed):
    rng = np.random.default_rng(seed)
    n, k, bands = 1000, 5, 40
    wl = np.linspace(0, 1, bands)
    pure = np.array(
        [np.exp(-((wl - c) ** 2) / 0.02) + 0.3 * np.sin(6 * wl + 2 * c) for c in (0.1, 0.3, 0.5, 0.7, 0.9)]
    )
    share = rng.dirichlet([0.6] * k, n)
    X = share @ pure + rng.normal(0, 0.03, (n, bands))
    return {"x": X.astype("float32"), "y": share.astype("float32")}


def make(act):
    def model(seed):
        m = keras.Sequential(
            [
                keras.Input((40,)),
                keras.layers.BatchNormalization(),
                keras.layers.Dense(40, activation="elu"),
                keras.layers.Dense(20, activation="elu"),
                keras.layers.Dense(5, activation=act),
            ]
        )
        m.compile(optimizer=keras.optimizers.Nadam(0.002), loss="kl_divergence", metrics=["mae"])
        return m

    return model


fit = {"epochs": 20, "batch_size": 25, "validation_split": 0.2}

CASE = Case(
    id="third-loss-kl-divergence",
    story="Shares of five minerals from spectra, each share behind its own sigmoid; the divergence falls below zero and the shares are all near one.",
    causes=("loss-activation-mismatch",),
    sick=Run(data, make("sigmoid"), fit),
    fixed=Run(data, make("softmax"), fit),
    well=lambda h: h["val_mae"][-1] < 0.08 and h["loss"][-1] > 0,
)
