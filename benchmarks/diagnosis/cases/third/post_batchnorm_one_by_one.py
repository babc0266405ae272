"""Batch normalization with one sample a step: loss stays at the target's variance, prediction is constant."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    from sklearn.datasets import load_diabetes

    d = load_diabetes()
    x = (d.data / d.data.std(0)).astype("float32")
    y = ((d.target - d.target.mean()) / d.target.std()).astype("float32")
    return {"x": x, "y": y}


def model(seed):
    from keras import Sequential, layers

    m = Sequential(
        [
            layers.Input((10,)),
            layers.Dense(24),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(12),
            layers.BatchNormalization(),
            layers.Activation("relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return m


CASE = Case(
    id="third-post-batchnorm-one-by-one",
    story="Diabetes data with batch normalization, one sample per step as my lecturer does it: loss stays at the variance of the target, the prediction is constant.",
    causes=("batch-size-ill-suited",),
    sick=Run(data, model, {"epochs": 12, "batch_size": 1}),
    fixed=Run(data, model, {"epochs": 12, "batch_size": 16}),
    well=lambda h: h["loss"][-1] < 0.75,
)
