"""Fruit varieties, read folder by folder and fed in that order."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed + 2)
    kinds, each, d = 6, 400, 8
    mean = rng.normal(0, 1, (kinds, d))
    turn = rng.normal(0, 1, (d, d)) / np.sqrt(d)

    def fruit(count):
        y = np.repeat(np.arange(kinds), count)
        x = mean[y] + rng.normal(0, 0.8, (len(y), d))
        return (x + np.tanh(x @ turn)).astype("float32"), y

    x, y = fruit(each)
    return {"x": x, "y": y, "validation_data": fruit(60)}


def model(seed):
    import keras
    from keras import layers

    m = keras.Sequential(
        [
            keras.Input((8,)),
            layers.Dense(24, activation="relu"),
            layers.Dense(24, activation="relu"),
            layers.Dense(6, activation="softmax"),
        ]
    )
    m.compile(
        optimizer=keras.optimizers.SGD(0.02, momentum=0.9),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m


CASE = Case(
    id="fourth-a16-fruit-folders",
    story="Six fruit varieties, read from six folders. The training loss starts low and rises over every epoch, the validation loss is several times as high, and most fruit is called by the last varieties.",
    causes=("data-order",),
    sick=Run(data, model, {"epochs": 10, "batch_size": 16, "shuffle": False}),
    fixed=Run(data, model, {"epochs": 10, "batch_size": 16}),
    well=lambda h: h["val_accuracy"][-1] > 0.7,
)
