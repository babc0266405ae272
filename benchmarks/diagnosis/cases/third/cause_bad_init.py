"""Six layers, all started with normal weights of spread 0.01; the loss stays at ln 4 for the whole run."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    rng = np.random.default_rng(seed)
    n = 3000
    X = rng.normal(size=(n, 8))
    a = np.abs(X[:, 0]) + X[:, 1] + 0.5 * X[:, 3]
    b = X[:, 4] - np.abs(X[:, 5])
    y = np.digitize(a + b, [-1.2, 0, 1.2])
    return {"x": X.astype("float32"), "y": y}


def make(init):
    def model(seed):
        inp = keras.Input((8,))
        h = inp
        for units in (64, 64, 48, 48, 32):
            h = layers.Dense(units, activation="relu", kernel_initializer=init())(h)
        out = layers.Dense(4, activation="softmax", kernel_initializer=init())(h)
        m = keras.Model(inp, out)
        m.compile(
            optimizer=keras.optimizers.SGD(0.004, momentum=0.9),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return m

    return model


fit = {"epochs": 18, "batch_size": 32, "validation_split": 0.15}

CASE = Case(
    id="third-cause-bad-init",
    story="Six layers, all started with normal weights of spread 0.01 as in an old paper; the loss stays at ln 4 for the whole run.",
    causes=("bad-initialization", "vanishing-gradients"),
    sick=Run(data, make(lambda: keras.initializers.RandomNormal(stddev=0.01)), fit),
    fixed=Run(data, make(lambda: keras.initializers.HeNormal()), fit),
    well=lambda h: h["loss"][-1] < 0.6,
)
