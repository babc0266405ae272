"""A film may have several tags; the model gives one or two a high value and the loss climbs from 4 to 30."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    n, T, K = 1000, 20, 6
    y = (r.random((n, K)) < 0.42).astype("float32")
    x = r.integers(61, 250, (n, T))
    for i in range(n):
        pos = list(r.permutation(T))
        for k in np.flatnonzero(y[i]):
            for _ in range(2):
                x[i, pos.pop()] = 1 + 10 * k + r.integers(0, 10)
    return {"x": x[:800], "y": y[:800], "validation_data": (x[800:], y[800:])}


def net(act, loss):
    def model(seed):
        from keras import Sequential, layers

        m = Sequential(
            [
                layers.Input((20,)),
                layers.Embedding(250, 24),
                layers.Conv1D(32, 1, activation="relu"),
                layers.GlobalMaxPooling1D(),
                layers.Dense(6, activation=act),
            ]
        )
        m.compile(optimizer="adam", loss=loss, metrics=["binary_accuracy"])
        return m

    return model


fit = {"epochs": 25, "batch_size": 32}

CASE = Case(
    id="third-post-movie-tags-softmax",
    story="A film may have several tags; the model gives one or two of them a high value and the loss climbs from 4 to 30 while it trains.",
    causes=("loss-activation-mismatch", "loss-target-mismatch"),
    sick=Run(data, net("softmax", "categorical_crossentropy"), fit),
    fixed=Run(data, net("sigmoid", "binary_crossentropy"), fit),
    well=lambda h: h["binary_accuracy"][-1] > 0.87,
)
