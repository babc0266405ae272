"""Percentages 0..100 against a sigmoid output under mse."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(top):
    def make(seed):
        r = np.random.default_rng(seed)
        n = 2200
        temp, dew_gap, wind, hour = (
            r.normal(15, 8, n),
            r.gamma(2, 3, n),
            r.gamma(2, 2, n),
            r.uniform(0, 24, n),
        )
        h = np.exp(-0.075 * dew_gap) - 0.08 * np.sin(2 * np.pi * (hour - 9) / 24) - 0.01 * (wind - 4)
        h = np.clip(h + r.normal(0, 0.03, n), 0.02, 0.99)
        x = np.stack([temp, dew_gap, wind, np.sin(hour / 3.82), np.cos(hour / 3.82)], 1)
        x = (x - x.mean(0)) / x.std(0)
        x, y = x.astype("float32"), (top * h).astype("float32")
        return {"x": x[:1800], "y": y[:1800], "validation_data": (x[1800:], y[1800:])}

    return make


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((5,)),
            layers.Dense(32, activation="gelu"),
            layers.Dense(32, activation="gelu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizer=keras.optimizers.Adam(3e-3), loss="mse", metrics=["mae"])
    return m


fit = {"epochs": 20, "batch_size": 36}

CASE = Case(
    id="fourth-b06-humidity-percent",
    story="Relative humidity from weather readings, in percent, with a sigmoid output since it cannot leave its bounds. The loss stays at about 4600 from the second epoch on.",
    causes=("loss-activation-mismatch", "unscaled-targets", "loss-target-mismatch", "saturated-activations"),
    sick=Run(data(100.0), model, fit),
    fixed=Run(data(1.0), model, fit),
    well=lambda h: h["val_mae"][-1] < 0.06,
)
