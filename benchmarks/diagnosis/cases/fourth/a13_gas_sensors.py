"""Gas sensors: normalisation settings copied from a large-scale recipe into a short run."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed + 5)
    n, d, gases = 1500, 24, 5
    y = rng.integers(0, gases, n)
    profile = rng.uniform(0.4, 1.6, (gases, d))
    level = rng.lognormal(0.5, 0.4, (n, 1))
    drift = rng.normal(3, 0.8, d)
    x = drift + level * profile[y] * (1 + rng.normal(0, 0.12, (n, d)))
    x = x.astype("float32")
    return {"x": x[:1200], "y": y[:1200], "validation_data": (x[1200:], y[1200:])}


def net(momentum):
    def model(seed):
        import keras
        from keras import layers

        inp = keras.Input((24,))
        h = layers.BatchNormalization(momentum=momentum)(inp)
        for width in (64, 48):
            h = layers.Dense(width, use_bias=False)(h)
            h = layers.BatchNormalization(momentum=momentum, epsilon=1e-3)(h)
            h = layers.Activation("swish")(h)
        out = layers.Dense(5)(h)
        m = keras.Model(inp, out)
        m.compile(
            keras.optimizers.RMSprop(1e-3),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        return m

    return model


fit = {"epochs": 15, "batch_size": 50}

CASE = Case(
    id="fourth-a13-gas-sensors",
    story="Five gases from 24 sensors. Training accuracy 99%, validation accuracy near chance, and evaluating on the training rows themselves is just as bad.",
    causes=("normalization-mismatch",),
    sick=Run(data, net(0.9999), fit),
    fixed=Run(data, net(0.9), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.9 and h["val_loss"][-1] < 0.4,
)
