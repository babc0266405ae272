"""Support tickets in five queues of unequal size, balanced by sample weights."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(whole):
    def load(seed):
        rng = np.random.default_rng(seed + 40)
        words, share = 80, [0.34, 0.27, 0.2, 0.12, 0.07]
        speech = rng.dirichlet(np.full(words, 0.25), 5)
        y = rng.choice(5, 2000, p=share)
        x = np.stack([rng.multinomial(30, 0.6 * speech[k] + 0.4 / words) for k in y])
        x = np.sqrt(x).astype("float32")
        cut = 1600
        size = np.bincount(y[:cut], minlength=5)
        weight = size.min() // size if whole else size.min() / size
        return {
            "x": x[:cut],
            "y": y[:cut],
            "sample_weight": weight[y[:cut]].astype("float32"),
            "validation_data": (x[cut:], y[cut:]),
        }

    return load


def model(seed):
    import keras
    from keras import layers

    m = keras.Sequential(
        [
            keras.Input((80,)),
            layers.Dense(40, activation="relu"),
            layers.Dropout(0.3),
            layers.Dense(5, activation="softmax"),
        ]
    )
    m.compile(
        optimizer=keras.optimizers.Adamax(5e-3),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m


fit = {"epochs": 20, "batch_size": 40}

CASE = Case(
    id="fourth-a18-ticket-weights",
    story="Support tickets, weighted by the inverse size of their queue. The training loss is near zero after two epochs, and every ticket goes to the smallest queue.",
    causes=("sample-weights-ill-suited", "class-imbalance"),
    sick=Run(data(True), model, fit),
    fixed=Run(data(False), model, fit),
    well=lambda h: h["val_accuracy"][-1] > 0.8,
)
