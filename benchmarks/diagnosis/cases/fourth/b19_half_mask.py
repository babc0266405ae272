"""Attention pooling in half precision with a mask of -1e9."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    r = np.random.default_rng(seed)
    n, long = 1500, 20
    x = r.integers(1, 100, (n, long))
    size = r.integers(6, long + 1, n)
    x[np.arange(long) >= size[:, None]] = 0
    y = (np.isin(x, [7, 21, 56, 80, 93]).sum(1) > 0).astype("float32")
    return {"x": x[:1200], "y": y[:1200], "validation_data": (x[1200:], y[1200:])}


def model(far):
    def build(seed):
        half = {"dtype": "mixed_float16"}

        class Pool(layers.Layer):
            def __init__(self):
                super().__init__(**half)
                self.score = layers.Dense(1, **half)

            def build(self, shape):
                self.score.build(shape[0])

            def call(self, both):
                h, keep = both
                s = self.score(h)[..., 0] + (1 - ops.cast(keep, h.dtype)) * far
                return ops.sum(ops.softmax(s)[..., None] * h, axis=1)

        inp = keras.Input((20,), dtype="int32")
        h = layers.Embedding(100, 16, **half)(inp)
        h = layers.Dense(32, activation="relu", **half)(h)
        h = Pool()([h, ops.cast(inp > 0, "float16")])
        out = layers.Dense(1, activation="sigmoid", dtype="float32")(h)
        m = keras.Model(inp, out)
        m.compile(
            keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(3e-3)),
            "binary_crossentropy",
            metrics=["accuracy"],
        )
        return m

    return build


fit = {"epochs": 12, "batch_size": 40}

CASE = Case(
    id="fourth-b19-half-mask",
    story="I switched my attention pooling to mixed precision. In float32 it trained; now the loss is nan from the first batch. The mask adds (1 - keep) * -1e9 to the scores.",
    causes=("numerical-instability",),
    sick=Run(data, model(-1e9), fit),
    fixed=Run(data, model(-1e4), fit),
    well=lambda h: h["val_accuracy"][-1] > 0.9,
)
