"""Reading meter strips (4 to 7 digits) with CTC."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_digits

    rng = np.random.default_rng(seed)
    bank = load_digits()
    by = [bank.images[bank.target == k] / 16.0 for k in range(10)]
    n, longest = 500, 7
    x = np.zeros((n, 8, 8 * longest + 8), "float32")
    y = np.zeros((n, longest), "int32")
    for i in range(n):
        at = rng.integers(0, 4)
        for j in range(rng.integers(4, longest + 1)):
            k = rng.integers(10)
            x[i, :, at : at + 8] = by[k][rng.integers(len(by[k]) // 2)]
            y[i, j] = k + 1
            at += 8
    x += rng.normal(0, 0.05, x.shape).astype("float32")
    frames = np.transpose(x, (0, 2, 1))  # columns are the time steps
    return {"x": frames, "y": y, "validation_split": 0.1}


def net(pools):
    def model(seed):
        import keras
        from keras import layers

        m = keras.Sequential([keras.Input((64, 8))])
        for i in range(4):
            m.add(layers.Conv1D(24 + 12 * i, 5, padding="same", activation="relu"))
            if i < pools:
                m.add(layers.MaxPooling1D(2))
        m.add(layers.Dense(11))
        m.compile(keras.optimizers.Adam(2e-3), loss=keras.losses.CTC())
        return m

    return model


fit = {"epochs": 18, "batch_size": 20}

CASE = Case(
    id="fourth-a08-digit-strips",
    story="Strips of four to seven digits read with a convolutional net and CTC. The loss sticks at a high value while short strips are read well.",
    causes=("infeasible-targets", "architecture-ill-suited"),
    sick=Run(data, net(3), fit),
    fixed=Run(data, net(2), fit),
    well=lambda h: h["val_loss"][-1] < 4.0,
)
