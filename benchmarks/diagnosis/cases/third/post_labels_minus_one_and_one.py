"""My loss is negative and falls without end; the labels (-1 and 1) come from my SVM program."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed, zero_one=False):
    r = np.random.default_rng(seed)
    n = 1000
    t = np.linspace(0, 1, 40)
    y = r.choice([-1.0, 1.0], n)
    f = np.where(y > 0, 5.0, 3.5)
    x = np.sin(2 * np.pi * (f[:, None] * t + r.random((n, 1)))) * r.uniform(0.7, 1.3, (n, 1)) + r.normal(
        0, 0.3, (n, 40)
    )
    x = x[..., None].astype("float32")
    if zero_one:
        y = (y + 1) / 2
    y = y.astype("float32")
    return {"x": x[:800], "y": y[:800], "validation_data": (x[800:], y[800:])}


def model(seed):
    import keras
    from keras import layers

    class Net(keras.Model):
        def __init__(self):
            super().__init__()
            self.c1 = layers.Conv1D(16, 7, activation="relu")
            self.p1 = layers.MaxPooling1D(2)
            self.c2 = layers.Conv1D(16, 5, activation="relu")
            self.flat = layers.Flatten()
            self.out = layers.Dense(1, activation="sigmoid")

        def call(self, x):
            return self.out(self.flat(self.c2(self.p1(self.c1(x)))))

    m = Net()
    m.compile(optimizer="adam", loss="binary_crossentropy", metrics=["accuracy"])
    return m


fit = {"epochs": 12, "batch_size": 40}

CASE = Case(
    id="third-post-labels-minus-one-and-one",
    story="My loss is negative and falls without end, accuracy under 0.5. The labels (-1 and 1) come from my SVM program.",
    causes=("loss-target-mismatch", "unbounded-loss"),
    sick=Run(data, model, fit),
    fixed=Run(lambda s: data(s, True), model, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.85,
)
