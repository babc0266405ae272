"""Transfer learning with a small base of my own; the training accuracy stays far too low."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    n, s = 800, 20
    x = r.normal(0, 0.15, (n, s, s, 1))
    y = r.integers(0, 4, n)
    g = np.arange(s)
    for i in range(n):
        cy, cx = r.integers(6, 14, 2)
        h = r.integers(3, 6)
        dy, dx = g[:, None] - cy, g[None, :] - cx
        if y[i] == 0:
            m = (abs(dy) == h) & (abs(dx) <= h) | (abs(dx) == h) & (abs(dy) <= h)
        elif y[i] == 1:
            m = abs(np.hypot(dy, dx) - h) < 0.7
        elif y[i] == 2:
            m = (dy == 0) & (abs(dx) <= h + 1) | (dx == 0) & (abs(dy) <= h + 1)
        else:
            m = (abs(dy) == abs(dx)) & (abs(dy) <= h)
        x[i, m, 0] += r.uniform(0.6, 1.0)
    x = x.astype("float32")
    return {"x": x[:640], "y": y[:640], "validation_data": (x[640:], y[640:])}


def net(trainable):
    def model(seed):
        import keras
        from keras import layers

        base = keras.Sequential(
            [
                layers.Input((20, 20, 1)),
                layers.Conv2D(16, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(32, 3, activation="relu"),
                layers.MaxPooling2D(),
                layers.Conv2D(32, 2, activation="relu"),
            ],
            name="base",
        )
        base.trainable = trainable
        inp = keras.Input((20, 20, 1))
        h = base(inp)
        h = layers.GlobalAveragePooling2D()(h)
        h = layers.Dropout(0.1)(h)
        m = keras.Model(inp, layers.Dense(4, activation="softmax")(h))
        m.compile(
            optimizer=keras.optimizers.Adam(3e-3),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        )
        return m

    return model


fit = {"epochs": 20, "batch_size": 32}

CASE = Case(
    id="third-post-frozen-base-without-weights",
    story="Transfer learning as in the guide, only with a small base of my own; the training accuracy creeps up a little and stays far too low.",
    causes=("frozen-layers",),
    sick=Run(data, net(False), fit),
    fixed=Run(data, net(True), fit),
    well=lambda h: h["accuracy"][-1] > 0.8,
)
