"""A triangular cyclic rate: the loss rises with each upward leg and falls with each downward one."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    from sklearn.datasets import make_moons

    r = np.random.default_rng(seed)
    x, y = make_moons(2400, noise=0.18, random_state=seed)
    x = np.concatenate([x - x.mean(0), r.normal(0, 0.5, (2400, 2))], 1).astype("float32")
    y = y.astype("float32")
    return {"x": x[:2000], "y": y[:2000], "validation_data": (x[2000:], y[2000:])}


def model(seed):
    class Triangle(keras.optimizers.schedules.LearningRateSchedule):
        def __call__(self, step):
            phase = ops.cast(step, "float32") / 160.0
            up = ops.abs(2 * (phase - ops.floor(phase)) - 1)
            return 0.002 + 0.1 * (1 - up)

    m = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(
        keras.optimizers.SGD(Triangle(), momentum=0.9, nesterov=True),
        keras.losses.BinaryCrossentropy(from_logits=True),
        metrics=[keras.metrics.BinaryAccuracy(threshold=0.0, name="acc")],
    )
    return m


CASE = Case(
    id="fourth-bwell27-triangular-rate",
    story="Two moons under SGD with a triangular rate of four epochs' period. The loss goes up and down in step with it, a little lower each time.",
    fixed=Run(data, model, {"epochs": 24, "batch_size": 50}),
    well=lambda h: h["val_acc"][-1] > 0.94,
)
