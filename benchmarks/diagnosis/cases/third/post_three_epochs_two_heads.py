"""Temperature and fault of a motor from one network; after 3 epochs both heads are still poor."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    n = 500
    x = r.normal(size=(n, 8)).astype("float32")
    temp = (x[:, 0] + 0.7 * x[:, 1] * x[:, 2] + 0.5 * x[:, 3] + r.normal(0, 0.1, n)).astype("float32")
    bad = (x[:, 4] - x[:, 5] + 0.8 * temp > 0.3).astype("float32")
    return {"x": x, "y": {"temp": temp[:, None], "bad": bad[:, None]}}


def model(seed):
    import keras
    from keras import layers

    inp = keras.Input((8,))
    h = layers.Dense(32, activation="relu")(inp)
    h = layers.Dense(32, activation="relu")(h)
    t = layers.Dense(1, name="temp")(h)
    b = layers.Dense(1, activation="sigmoid", name="bad")(h)
    m = keras.Model(inp, {"temp": t, "bad": b})
    m.compile(
        optimizer=keras.optimizers.Adam(1e-3),
        loss={"temp": "mse", "bad": "binary_crossentropy"},
        metrics={"bad": ["accuracy"]},
    )
    return m


CASE = Case(
    id="third-post-three-epochs-two-heads",
    story="Motor data, temperature and fault from one network. After the 3 epochs (as in the MNIST example) both heads are still poor.",
    causes=("too-few-epochs",),
    sick=Run(data, model, {"epochs": 3, "batch_size": 32}),
    fixed=Run(data, model, {"epochs": 50, "batch_size": 32}),
    well=lambda h: h["loss"][-1] < 0.6,
)
