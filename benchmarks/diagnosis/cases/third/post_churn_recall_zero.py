"""96% accuracy after one epoch, but the network says 'stays' for every customer; recall is 0."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed, weights=False):
    r = np.random.default_rng(seed + 10)
    n = 3000
    y = (r.random(n) < 0.04).astype("float32")
    x = r.normal(size=(n, 12))
    x[:, 0] += 0.9 * y
    x[:, 3] -= 0.8 * y
    x[:, 5] += 0.8 * y
    x = x.astype("float32")
    d = {"x": x[:2200], "y": y[:2200], "validation_data": (x[2200:], y[2200:])}
    if weights:
        pos = y[:2200].mean()
        d["class_weight"] = {0: 0.5 / (1 - pos), 1: 0.5 / pos}
    return d


def model(seed):
    import keras
    from keras.layers import Dense, Dropout, Input

    m = keras.models.Sequential()
    m.add(Input(shape=(12,)))
    m.add(Dense(16, activation="relu"))
    m.add(Dropout(0.2))
    m.add(Dense(1, activation="sigmoid"))
    m.compile(
        loss="binary_crossentropy",
        optimizer=keras.optimizers.RMSprop(0.001),
        metrics=["accuracy", keras.metrics.Recall(name="recall")],
    )
    return m


fit = {"epochs": 15, "batch_size": 64}

CASE = Case(
    id="third-post-churn-recall-zero",
    story="96% accuracy after one epoch, but the network says 'stays' for every customer; recall is 0.",
    causes=("class-imbalance",),
    sick=Run(data, model, fit),
    fixed=Run(lambda s: data(s, True), model, fit),
    well=lambda h: h["val_recall"][-1] > 0.5,
)
