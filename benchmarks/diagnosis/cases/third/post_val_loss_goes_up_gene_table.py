"""Training accuracy is 1.0, but the validation loss falls for three epochs and then climbs and climbs."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed + 3)
    x = r.normal(size=(600, 40)).astype("float32")
    s = x[:, :3].sum(1) * 2.0
    y = (r.random(600) < 1 / (1 + np.exp(-s))).astype("float32")
    return {"x": x[:260], "y": y[:260], "validation_data": (x[260:], y[260:])}


def big(seed):
    import keras
    from keras import layers

    m = keras.Sequential(
        [
            layers.Input((40,)),
            layers.Dense(128, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    m.compile(optimizer=keras.optimizers.Adam(1e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return m


def small(seed):
    import keras
    from keras import layers, regularizers

    m = keras.Sequential(
        [
            layers.Input((40,)),
            layers.Dropout(0.1),
            layers.Dense(8, activation="relu", kernel_regularizer=regularizers.l2(0.03)),
            layers.Dense(1, activation="sigmoid", kernel_regularizer=regularizers.l2(0.03)),
        ]
    )
    m.compile(optimizer=keras.optimizers.Adam(3e-3), loss="binary_crossentropy", metrics=["accuracy"])
    return m


fit = {"epochs": 35, "batch_size": 16}

CASE = Case(
    id="third-post-val-loss-goes-up-gene-table",
    story="Training accuracy is 1.0, but the validation loss falls for three epochs and then climbs and climbs. 260 patients, 40 genes.",
    causes=("overfitting", "too-little-data"),
    sick=Run(data, big, fit),
    fixed=Run(data, small, fit),
    well=lambda h: h["val_loss"][-1] < 1.25 * min(h["val_loss"]) and h["val_accuracy"][-1] > 0.7,
)
