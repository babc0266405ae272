"""Frequency and amplitude of a wave with five sigmoid layers; the loss stays at the targets' variance."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    n, T = 1000, 32
    t = np.linspace(0, 1, T)
    freq = rng.uniform(1, 4, n)
    amp = rng.uniform(0.5, 1.5, n)
    X = amp[:, None] * np.sin(2 * np.pi * freq[:, None] * t) + rng.normal(0, 0.1, (n, T))
    y = np.column_stack([freq - 2.5, 2 * (amp - 1)])
    return {"x": X.astype("float32"), "y": y.astype("float32")}


def make(act):
    def model(seed):
        from keras import Sequential, layers, optimizers

        m = Sequential([layers.Input((32,))])
        for _ in range(5):
            m.add(layers.Dense(40, activation=act))
        m.add(layers.Dense(2))
        m.compile(optimizer=optimizers.SGD(learning_rate=0.02, momentum=0.9), loss="mean_squared_error")
        return m

    return model


fit = {"epochs": 30, "batch_size": 32, "validation_split": 0.2}

CASE = Case(
    id="third-cause-bad-activation",
    story="Frequency and amplitude of a wave with five sigmoid layers; the loss falls to the variance of the targets at once and stays there.",
    causes=("hidden-activation-ill-suited", "vanishing-gradients", "saturated-activations"),
    sick=Run(data, make("sigmoid"), fit),
    fixed=Run(data, make("relu"), fit),
    well=lambda h: h["loss"][-1] < 0.15,
)
