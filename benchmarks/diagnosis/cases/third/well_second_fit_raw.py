"""Raw pixels and fit called twice on the same model: the second call has little left to gain."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)  # pixels from 0 to 16, as they come
    i = np.random.default_rng(seed).permutation(len(x))
    x, y = x[i], y[i]
    return {"x": x[:1500], "y": y[:1500], "validation_data": (x[1500:], y[1500:])}


def model(seed):
    import keras

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.a = keras.layers.Dense(64, activation="relu")
            self.b = keras.layers.Dense(10)

        def call(self, x):
            return self.b(self.a(x))

    m = Net()
    m.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return m


CASE = Case(
    id="third-well-second-fit-raw",
    story="Raw pixels from 0 to 16 and fit called twice on the same model (a notebook cell run again): the first loss is high, the second call starts where the first ended and has little left to gain.",
    fixed=Run(data, model, {"epochs": 10, "batch_size": 32}, calls=2),
    well=lambda h: h["val_accuracy"][-1] > 0.94 and h["loss"][-1] < 0.05 and h["val_loss"][-1] < 0.25,
)
