"""Two GRU layers for one number per window; the loss stays high and predict gives 16 numbers per sample."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    n, T = 600, 16
    # a pulse of random height somewhere in the window; how high was the highest one?
    x = r.normal(0, 0.05, (n, T, 1))
    y = np.zeros((n, 1))
    for i in range(n):
        h = r.uniform(-2, 2)
        p = r.integers(8, 14)
        x[i, p : p + 2, 0] += h
        y[i] = h
    x, y = x.astype("float32"), y.astype("float32")
    return {"x": x[:480], "y": y[:480], "validation_data": (x[480:], y[480:])}


def net(seq):
    def model(seed):
        import keras
        from keras import layers

        m = keras.Sequential(
            [
                layers.Input((16, 1)),
                layers.GRU(24, return_sequences=True),
                layers.GRU(16, return_sequences=seq),
                layers.Dense(1),
            ]
        )
        m.compile(optimizer=keras.optimizers.Adam(5e-3), loss="mse")
        return m

    return model


fit = {"epochs": 15, "batch_size": 32}

CASE = Case(
    id="third-post-gru-return-sequences",
    story="Two GRU layers for one number per window; the loss stays at about two thirds of the target's variance and predict gives 16 numbers per sample.",
    causes=("output-shape-mismatch", "architecture-ill-suited"),
    sick=Run(data, net(True), fit),
    fixed=Run(data, net(False), fit),
    well=lambda h: h["val_loss"][-1] < 0.2,
)
