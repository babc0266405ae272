"""L2 of 0.1 on every layer of a regression net: the fit stays coarse."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(1800, n_features=8, noise=0.5, random_state=seed)
    x = ((x - 0.5) * 3.46).astype("float32")
    y = ((y - y.mean()) / y.std()).astype("float32")
    return {"x": x[:1400], "y": y[:1400], "validation_data": (x[1400:], y[1400:])}


def model(strength):
    def build(seed):
        reg = keras.regularizers.L2(strength)
        m = keras.Sequential([keras.Input((8,))])
        for units in (64, 64, 32):
            m.add(layers.Dense(units, activation="relu", kernel_regularizer=reg))
        m.add(layers.Dense(1, kernel_regularizer=reg))
        m.compile(keras.optimizers.Adam(1e-3), "mse", metrics=["mse"])
        return m

    return build


fit = {"epochs": 30, "batch_size": 32}

CASE = Case(
    id="fourth-b15-l2-heavy",
    story="The Friedman function with 8 columns. Against overfitting I set L2(0.1) on all layers; train and validation mse both stop at 0.3 (the target has variance 1); two layers without it did better.",
    causes=("over-regularized",),
    sick=Run(data, model(0.1), fit),
    fixed=Run(data, model(1e-5), fit),
    well=lambda h: h["val_mse"][-1] < 0.15,
)
