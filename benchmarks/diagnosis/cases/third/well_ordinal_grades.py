"""Ordinal regression with ten parameters, one row per step of plain SGD: all that the task needs."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run

GRADES = 5


def data(seed):
    rng = np.random.default_rng(100 + seed)
    n = 320
    x = rng.normal(size=(n, 6))
    score = 2.0 * x[:, 0] - 1.5 * x[:, 1] + x[:, 2] + 0.4 * rng.logistic(size=n)
    grade = np.digitize(score, [-3.0, -1.0, 1.0, 3.0])
    y = (grade[:, None] > np.arange(GRADES - 1)[None]).astype("float32")  # cumulative coding
    return {"x": x.astype("float32"), "y": y}


def model(seed):
    import keras
    from keras import layers, ops

    class Thresholds(layers.Layer):
        """One score, GRADES - 1 thresholds."""

        def build(self, shape):
            self.b = self.add_weight(shape=(GRADES - 1,), initializer="zeros", name="b")

        def call(self, s):
            return s + self.b

    m = keras.Sequential([keras.Input((6,)), layers.Dense(1, use_bias=False), Thresholds()])

    def ordinal_mae(y, p):
        return ops.abs(ops.sum(y, axis=-1) - ops.sum(ops.cast(p > 0, "float32"), axis=-1))

    m.compile(
        optimizer=keras.optimizers.SGD(0.05),
        loss=keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[ordinal_mae],
    )
    return m


CASE = Case(
    id="third-well-ordinal-grades",
    story="Ordinal regression with ten parameters, one row per step of plain SGD: a tiny model that is all the task needs.",
    fixed=Run(data, model, {"epochs": 12, "batch_size": 1}),
    well=lambda h: h["ordinal_mae"][-1] < 0.3 and h["loss"][-1] < 0.19,
)
