"""A table joined with its labels after a header row slipped in: labels are one row late."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(late):
    def make(seed):
        r = np.random.default_rng(seed)
        n = 2400
        age, income, debts, years = (
            r.normal(45, 12, n),
            r.lognormal(10.4, 0.5, n),
            r.poisson(1.5, n),
            r.gamma(2, 4, n),
        )
        score = 0.05 * (age - 45) + 1.5 * (np.log(income) - 10.4) - 0.9 * (debts - 1.5) + 0.1 * (years - 8)
        y = (3 * score + r.logistic(0, 1, n) > 0).astype("float32")
        x = np.stack([age, np.log(income), debts, years], 1)
        x = ((x - x.mean(0)) / x.std(0)).astype("float32")
        y = np.roll(y, late)
        return {"x": x[:2000], "y": y[:2000], "validation_data": (x[2000:], y[2000:])}

    return make


def model(seed):
    m = keras.Sequential(
        [keras.Input((4,)), layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")]
    )
    m.compile(keras.optimizers.Adam(5e-3), "binary_crossentropy", metrics=["accuracy"])
    return m


fit = {"epochs": 20, "batch_size": 50}

CASE = Case(
    id="fourth-b09-rows-shifted",
    story="Paid back or not, from four columns. I read features with read_csv and labels with a file reader that keeps the header line; a logistic regression in R reached 85 per cent, my net stays at 50 and the loss at 0.69.",
    causes=("misaligned-labels", "label-noise"),
    sick=Run(data(1), model, fit),
    fixed=Run(data(0), model, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.8,
)
