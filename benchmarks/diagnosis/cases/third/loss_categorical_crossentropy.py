"""Normal and wide heart beats, one output unit; the loss is nought, but the accuracy stays at a half."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def beats(seed):
    rng = np.random.default_rng(seed)
    n, T = 900, 64
    y = rng.integers(0, 2, n)
    t = np.linspace(0, 1, T)
    X = np.zeros((n, T))
    for i in range(n):
        c = rng.uniform(0.35, 0.6)
        width = 0.03 if y[i] == 0 else 0.07
        X[i] = (
            np.exp(-((t - c) ** 2) / (2 * width**2))
            + 0.3 * np.exp(-((t - c - 0.2) ** 2) / 0.004)
            + rng.normal(0, 0.12, T)
        )
    return {"x": X[..., None].astype("float32"), "y": y}


def make(loss):
    def model(seed):
        from tensorflow.keras.layers import Conv1D, Dense, Flatten, Input, MaxPooling1D
        from tensorflow.keras.models import Sequential

        m = Sequential()
        m.add(Input(shape=(64, 1)))
        m.add(Conv1D(12, 5, activation="relu"))
        m.add(MaxPooling1D(2))
        m.add(Conv1D(12, 5, activation="relu"))
        m.add(MaxPooling1D(2))
        m.add(Flatten())
        m.add(Dense(24, activation="relu"))
        m.add(Dense(1, activation="sigmoid"))
        m.compile(loss=loss, optimizer="adam", metrics=["binary_accuracy"])
        return m

    return model


fit = {"epochs": 10, "batch_size": 32, "validation_split": 0.2}

CASE = Case(
    id="third-loss-categorical-crossentropy",
    story="Normal and wide heart beats, one output unit; the loss is nought from the first epoch on, but the accuracy stays at a half.",
    causes=("loss-target-mismatch", "loss-activation-mismatch", "output-shape-mismatch"),
    sick=Run(beats, make("categorical_crossentropy"), fit),
    fixed=Run(beats, make("binary_crossentropy"), fit),
    well=lambda h: h["val_binary_accuracy"][-1] > 0.85,
)
