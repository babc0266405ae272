"""Tags of films from word counts; the loss is one minus F1, as in the contest."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    rng = np.random.default_rng(seed)
    n, words, tags = 1600, 120, 8
    topic = rng.dirichlet(np.full(words, 0.1), tags)
    y = (rng.random((n, tags)) < 0.25).astype("float32")
    mix = y @ topic + 0.7 * np.full(words, 1 / words)
    mix /= mix.sum(1, keepdims=True)
    counts = np.stack([rng.multinomial(80, m) for m in mix])
    return {"x": np.log1p(counts).astype("float32"), "y": y, "validation_split": 0.2}


def f1_loss(decide):
    def loss(y, p):
        p = decide(p)
        tp = ops.sum(y * p, axis=0)
        fp = ops.sum((1 - y) * p, axis=0)
        fn = ops.sum(y * (1 - p), axis=0)
        return 1.0 - ops.mean(2 * tp / (2 * tp + fp + fn + 1e-7))

    return loss


def net(decide):
    def model(seed):
        decay = keras.regularizers.L2(1e-5)
        m = keras.Sequential(
            [
                keras.Input((120,)),
                layers.Dense(48, activation="relu", kernel_regularizer=decay),
                layers.Dropout(0.2),
                layers.Dense(8, activation="sigmoid", kernel_regularizer=decay),
            ]
        )
        m.compile(
            keras.optimizers.Adam(1e-3),
            loss=f1_loss(decide),
            metrics=[keras.metrics.F1Score(average="macro", threshold=0.5, name="f1")],
        )
        return m

    return model


fit = {"epochs": 20, "batch_size": 64}

CASE = Case(
    id="fourth-a10-film-tags",
    story="I train directly on one minus F1. The loss wobbles around 0.6 with no trend; the F1 of the last epoch is that of the first.",
    causes=("non-differentiable-loss",),
    sick=Run(data, net(lambda p: ops.round(p)), fit),
    fixed=Run(data, net(lambda p: p), fit),
    well=lambda h: h["val_f1"][-1] > 0.7,
)
