"""Heat demand, trained in rounds: one call of fit a night on the month's rows."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    rng = np.random.default_rng(seed)
    n = 960
    hour, outside, wind, sun = rng.uniform(0, 24, n), rng.normal(4, 7, n), rng.gamma(2, 2, n), rng.random(n)
    morning = np.exp(-((hour - 7) ** 2) / 5) + 0.8 * np.exp(-((hour - 19) ** 2) / 8)
    need = (
        0.08 * np.maximum(17 - outside, 0) * (1 + 0.05 * wind)
        - 0.5 * sun * (hour > 8) * (hour < 17)
        + 0.6 * morning
    )
    need = (need - need.mean()) / need.std() + rng.normal(0, 0.03, n)
    angle = 2 * np.pi * hour / 24
    x = np.stack(
        [
            np.sin(angle),
            np.cos(angle),
            np.sin(2 * angle),
            np.cos(2 * angle),
            (outside - 4) / 7,
            (wind - 4) / 3,
            sun,
        ],
        1,
    )
    return {"x": x.astype("float32"), "y": need.astype("float32")}


def rms():
    return keras.optimizers.RMSprop(5e-3, rho=0.99)


def model(seed):
    m = keras.Sequential(
        [
            keras.Input((7,)),
            layers.Dense(64, activation="tanh"),
            layers.Dense(64, activation="tanh"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizer=rms(), loss="mse")
    return m


def nightly(seed):
    class Nightly(keras.callbacks.Callback):
        """Leaves the model compiled anew for the next night."""

        def on_train_end(self, logs=None):
            self.model.compile(optimizer=rms(), loss="mse")

    return [Nightly()]


fit = {"epochs": 1, "batch_size": 96}

CASE = Case(
    id="fourth-a15-nightly-rounds",
    story="A heat demand model is trained one epoch a night. Every night the loss starts far above where it stood in the evening, and after two weeks it is no better than after the first nights.",
    causes=("optimizer-state-lost", "optimizer-misconfigured", "learning-rate-too-high"),
    sick=Run(data, model, fit, nightly, calls=13),
    fixed=Run(data, model, fit, calls=13),
    well=lambda h: h["loss"][-1] < 0.05,
)
