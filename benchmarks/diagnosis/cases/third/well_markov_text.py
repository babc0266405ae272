"""Next-letter model of a random chain: the loss rests at the entropy of the chain, accuracy under a half."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run

V = 10
P = np.random.default_rng(123).dirichlet(np.full(V, 0.5), V)  # the chain, the same for all seeds


def data(seed):
    rng = np.random.default_rng(seed)
    n, L = 605, 22
    x = np.zeros((n, L), "int32")
    y = np.zeros((n, L), "int32")
    for i in range(n):
        k = rng.integers(8, L + 1)
        s = [rng.integers(V)]
        for _ in range(k):
            s.append(rng.choice(V, p=P[s[-1]]))
        x[i, :k] = np.array(s[:-1]) + 1  # 0 is padding
        y[i, :k] = s[1:]
    return {"x": x[:525], "y": y[:525], "validation_data": (x[525:], y[525:])}


def model(seed):
    import keras

    m = keras.Sequential(
        [
            keras.Input((None,), dtype="int32"),
            keras.layers.Embedding(V + 1, 16, mask_zero=True),
            keras.layers.GRU(24, return_sequences=True),
            keras.layers.Dense(V, activation="softmax"),
        ]
    )
    m.compile(
        optimizer=keras.optimizers.Adam(0.01, clipnorm=1.0),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return m


CASE = Case(
    id="third-well-markov-text",
    story="Next-letter model of padded strings from a random chain: the letters are mostly chance, so the loss comes to rest at the entropy of the chain and accuracy stays under one half.",
    fixed=Run(data, model, {"epochs": 14, "batch_size": 64}),
    # entropy of the chain 1.6, of single letters 2.2
    well=lambda h: h["val_loss"][-1] < 1.72 and h["loss"][-1] < 1.7,
)
