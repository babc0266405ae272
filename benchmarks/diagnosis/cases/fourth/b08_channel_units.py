"""Accelerometer channels: z-scored per channel for training, raw units for validation."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(same):
    def make(seed):
        r = np.random.default_rng(seed)
        n, t = 1200, np.arange(40) / 20.0
        y = r.integers(0, 4, n)
        pace = np.array([0.0, 1.0, 1.7, 2.6])[y] + r.normal(0, 0.05, n)
        amp = np.array([0.1, 1.0, 1.4, 3.0])[y]
        wave = amp[:, None] * np.sin(2 * np.pi * (pace[:, None] * t + r.random((n, 1))))
        x = np.stack([0.4 * wave, 9.81 + wave, 0.6 * np.abs(wave)], -1) + r.normal(0, 0.4, (n, 40, 3))
        gyro = 40 * wave[..., None] * np.array([1.0, -0.5]) + r.normal(0, 20, (n, 40, 2))
        x = np.concatenate([x, gyro], -1)
        a, b = x[:900], x[900:]
        mean, std = a.mean((0, 1)), a.std((0, 1))
        b = (b - mean) / std if same else b - b.mean((0, 1))
        a = (a - mean) / std
        return {"x": a.astype("float32"), "y": y[:900], "validation_data": (b.astype("float32"), y[900:])}

    return make


def model(seed):
    inp = keras.Input((40, 5))
    h = layers.Conv1D(24, 5, activation="relu")(inp)
    h = layers.AveragePooling1D(2)(h)
    h = layers.Conv1D(32, 5, activation="relu")(h)
    h = layers.GlobalAveragePooling1D()(h)
    m = keras.Model(inp, layers.Dense(4)(h))
    m.compile(
        keras.optimizers.RMSprop(1e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return m


fit = {"epochs": 15, "batch_size": 20}

CASE = Case(
    id="fourth-b08-channel-units",
    story="Activity from phone sensors. Training rows are standardised by channel; in the validation loader I only took off the mean. Training goes to 100 per cent and validation loss is far above it from the first epoch.",
    causes=("inconsistent-preprocessing",),
    sick=Run(data(False), model, fit),
    fixed=Run(data(True), model, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.9 and h["val_loss"][-1] < 0.5,
)
