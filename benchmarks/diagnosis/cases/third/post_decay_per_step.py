"""The rate decays by 0.9 with decay_steps=1: the loss moves in the first epoch and then is flat."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    n = 1200
    t = np.arange(48)
    y = r.integers(0, 3, n)
    per = np.array([6, 9, 14])[y]
    x = np.sin(2 * np.pi * (t / per[:, None] + r.random((n, 1)))) + r.normal(0, 0.8, (n, 48))
    x = x[..., None].astype("float32")
    return {"x": x[:960], "y": y[:960], "validation_data": (x[960:], y[960:])}


def net(steps):
    def model(seed):
        import keras
        from keras import layers

        rate = keras.optimizers.schedules.ExponentialDecay(0.003, decay_steps=steps, decay_rate=0.9)
        m = keras.Sequential(
            [
                layers.Input((48, 1)),
                layers.Conv1D(16, 5, activation="relu"),
                layers.MaxPooling1D(3),
                layers.Conv1D(32, 3, activation="relu"),
                layers.GlobalAveragePooling1D(),
                layers.Dense(3, activation="softmax"),
            ]
        )
        m.compile(
            optimizer=keras.optimizers.Adam(rate),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return m

    return model


fit = {"epochs": 20, "batch_size": 32}

CASE = Case(
    id="third-post-decay-per-step",
    story="I let the rate decay by 0.9 after each epoch (decay_steps=1). The loss moves in the first epoch and then is flat to the fourth digit.",
    causes=("optimizer-misconfigured", "learning-rate-too-low"),
    sick=Run(data, net(1), fit),
    fixed=Run(data, net(60), fit),
    # 30 steps an epoch, so the rate is at 4% of its start after one epoch and at 3e-6 of it after four
    well=lambda h: h["loss"][-1] < 0.4,
)
