"""Soil types from spectra in a subclassed model; the test spectra lie in one file per soil type."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    soils, bands = 4, 60
    grid = np.linspace(0, 1, bands)
    base = np.stack(
        [np.sin(3 * grid + k) + 0.4 * np.exp(-((grid - 0.2 * k - 0.1) ** 2) / 0.004) for k in range(soils)]
    )

    def spectra(y):
        wet = rng.normal(0, 0.3, (len(y), 1))
        return (base[y] + wet * grid + rng.normal(0, 0.25, (len(y), bands))).astype("float32")

    y = rng.integers(0, soils, 1400)
    held = np.repeat(np.arange(soils), 96)
    return {"x": spectra(y), "y": y, "validation_data": (spectra(held), held), "batch_size": 32}


def net(always):
    def model(seed):
        import keras
        from keras import layers

        class SoilNet(keras.Model):
            def __init__(self):
                super().__init__()
                self.first = layers.Dense(48, use_bias=False)
                self.norm1 = layers.BatchNormalization()
                self.second = layers.Dense(32, use_bias=False)
                self.norm2 = layers.BatchNormalization()
                self.head = layers.Dense(4)

            def call(self, x, training=None):
                mode = True if always else training
                h = keras.ops.relu(self.norm1(self.first(x), training=mode))
                h = keras.ops.relu(self.norm2(self.second(h), training=mode))
                return self.head(h)

        m = SoilNet()
        m.compile(
            keras.optimizers.SGD(0.05, momentum=0.9, nesterov=True),
            loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        return m

    return model


fit = {"epochs": 15}

CASE = Case(
    id="fourth-a14-soil-spectra",
    story="Soil types from spectra. Training accuracy 98%, validation accuracy far below; yet if I shuffle the validation rows, it is good.",
    causes=("normalization-mismatch", "inconsistent-preprocessing"),
    sick=Run(data, net(True), fit),
    fixed=Run(data, net(False), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.9,
)
