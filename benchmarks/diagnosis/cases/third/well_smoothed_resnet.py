"""A small residual net with label smoothing 0.2: accuracy near perfect, the loss cannot go below 0.6."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    n, S = 800, 16
    yy, xx = np.mgrid[:S, :S]
    X, Y = np.zeros((n, S, S, 1), "float32"), rng.integers(0, 4, n)
    for i, c in enumerate(Y):
        cy, cx, r = rng.uniform(5, 10), rng.uniform(5, 10), rng.uniform(3, 5)
        dy, dx = yy - cy, xx - cx
        if c == 0:
            im = np.hypot(dy, dx) < r
        elif c == 1:
            im = np.maximum(abs(dy), abs(dx)) < r
        elif c == 2:
            im = (np.minimum(abs(dy), abs(dx)) < 1.2) & (np.maximum(abs(dy), abs(dx)) < r)
        else:
            im = abs(np.hypot(dy, dx) - r) < 1.0
        X[i, ..., 0] = im * rng.uniform(0.6, 1) + 0.15 * rng.normal(size=(S, S))
    T = np.eye(4, dtype="float32")[Y]
    return {"x": X[:640], "y": T[:640], "validation_data": (X[640:], T[640:])}


def model(seed):
    import keras
    from keras import layers

    def block(x, f, stride=1):
        y = layers.Conv2D(f, 3, stride, padding="same", use_bias=False)(x)
        y = layers.BatchNormalization(momentum=0.9)(y)
        y = layers.Activation("relu")(y)
        y = layers.Conv2D(f, 3, padding="same", use_bias=False)(y)
        y = layers.BatchNormalization(momentum=0.9)(y)
        if stride > 1:
            x = layers.Conv2D(f, 1, stride)(x)
        return layers.Activation("relu")(layers.Add()([x, y]))

    inp = keras.Input((16, 16, 1))
    x = layers.Conv2D(8, 3, padding="same", activation="relu")(inp)
    x = block(x, 8)
    x = block(x, 16, 2)
    x = block(x, 32, 2)
    x = layers.GlobalAveragePooling2D()(x)
    out = layers.Dense(4)(x)
    m = keras.Model(inp, out)
    m.compile(
        optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.05, 20 * 15), momentum=0.9),
        loss=keras.losses.CategoricalCrossentropy(from_logits=True, label_smoothing=0.2),
        metrics=["accuracy"],
    )
    return m


CASE = Case(
    id="third-well-smoothed-resnet",
    story="A small residual net on shapes with label smoothing 0.2: accuracy is near perfect, the loss cannot go below 0.6.",
    fixed=Run(data, model, {"epochs": 15, "batch_size": 32}),
    well=lambda h: h["accuracy"][-1] > 0.95 and h["val_accuracy"][-1] > 0.9,
)
