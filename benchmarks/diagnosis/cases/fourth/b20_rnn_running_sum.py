"""SimpleRNN with relu over sixty steps under SGD with momentum and no clipping."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    x = r.exponential(0.5, (1200, 60, 2))  # inflow and outflow
    y = (x[..., 0] - 0.5 * x[..., 1]).sum(1) / 3
    x, y = x.astype("float32"), y.astype("float32")
    return {"x": x[:1000], "y": y[:1000], "validation_data": (x[1000:], y[1000:])}


def model(**clip):
    def build(seed):
        m = keras.Sequential([keras.Input((60, 2)), layers.SimpleRNN(32, activation="relu"), layers.Dense(1)])
        rate = keras.optimizers.schedules.CosineDecay(0.01, 600)
        m.compile(keras.optimizers.SGD(rate, momentum=0.9, **clip), "mse")
        return m

    return build


fit = {"epochs": 15, "batch_size": 25}

CASE = Case(
    id="fourth-b20-rnn-running-sum",
    story="A plain RNN foretells a tank's level from sixty hours of inflow and outflow. The loss is nan within the first or second epoch.",
    causes=("exploding-gradients", "learning-rate-too-high"),
    sick=Run(data, model(), fit),
    fixed=Run(data, model(clipnorm=0.3), fit),
    # variance of the target: 2.1
    well=lambda h: h["val_loss"][-1] < 0.7,
)
