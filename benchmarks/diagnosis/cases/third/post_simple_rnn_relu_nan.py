"""Forecasting the load of the next hour by a SimpleRNN with relu: loss is nan in the first epoch."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    T = 60
    t = np.arange(1000)
    load = 4 + 2 * np.sin(2 * np.pi * t / 24) + np.sin(2 * np.pi * t / 11 + 1) + r.normal(0, 0.2, 1000)  # kW
    x = np.stack([load[i : i + T] for i in range(940)])[..., None].astype("float32")
    y = load[T : T + 940].astype("float32")[:, None]
    return {"x": x[:800], "y": y[:800], "validation_data": (x[800:], y[800:])}


def net(clip):
    def model(seed):
        import keras
        from keras import layers

        m = keras.Sequential(
            [layers.Input((60, 1)), layers.SimpleRNN(48, activation="relu"), layers.Dense(1)]
        )
        m.compile(optimizer=keras.optimizers.SGD(0.02, momentum=0.9, clipnorm=clip), loss="mse")
        return m

    return model


fit = {"epochs": 12, "batch_size": 32}

CASE = Case(
    id="third-post-simple-rnn-relu-nan",
    story="Forecasting the load of the next hour from 60 hours with a SimpleRNN with relu: loss is nan in the first epoch.",
    causes=("exploding-gradients", "hidden-activation-ill-suited", "learning-rate-too-high"),
    sick=Run(data, net(None), fit),
    fixed=Run(data, net(0.5), fit),
    # variance of the target 2.5; the twin only clips the norm of the gradients
    well=lambda h: h["val_loss"][-1] < 0.8,
)
