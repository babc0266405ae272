"""A map of tiles, two layers of two units each; both losses come to rest early and high, close together."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    n = 2400
    P = rng.uniform(-1.5, 1.5, (n, 2))
    y = ((np.floor(P[:, 0]) + np.floor(P[:, 1])) % 2).astype("float32")  # a field of tiles
    r = np.hypot(P[:, 0], P[:, 1])
    y = np.where(r < 0.45, 1.0, y).astype("float32")
    return {
        "x": P[:2000].astype("float32"),
        "y": y[:2000],
        "validation_data": (P[2000:].astype("float32"), y[2000:]),
    }


def make(width):
    def model(seed):
        import keras
        from keras.layers import Dense

        m = keras.Sequential(
            [
                keras.Input((2,)),
                Dense(width, activation="tanh"),
                Dense(width, activation="tanh"),
                Dense(1, activation="sigmoid"),
            ]
        )
        m.compile(optimizer=keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"])
        return m

    return model


fit = {"epochs": 45, "batch_size": 100}

CASE = Case(
    id="third-cause-underfitting",
    story="A map of tiles, two layers of two units each to 'keep it simple'; both losses come to rest early and high, close together.",
    causes=("model-too-small",),
    sick=Run(data, make(2), fit),
    fixed=Run(data, make(40), fit),
    well=lambda h: h["loss"][-1] < 0.3,
)
