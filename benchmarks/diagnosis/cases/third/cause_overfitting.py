"""Diabetes progression with a generous net; the validation error rises from epoch 5 on."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    from sklearn.datasets import load_diabetes
    from sklearn.model_selection import train_test_split

    X, y = load_diabetes(return_X_y=True)
    X = X / X.std(0)
    y = (y - y.mean()) / y.std()
    xa, xb, ya, yb = train_test_split(X, y, test_size=0.4, random_state=seed)
    return {"x": xa, "y": ya, "validation_data": (xb, yb)}


def big(seed):
    m = keras.Sequential(
        [
            layers.Input((10,)),
            layers.Dense(256, activation="relu"),
            layers.Dense(256, activation="relu"),
            layers.Dense(128, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return m


def modest(seed):
    m = keras.Sequential(
        [
            layers.Input((10,)),
            layers.Dense(16, activation="relu", kernel_regularizer=keras.regularizers.l2(0.005)),
            layers.Dropout(0.3),
            layers.Dense(1),
        ]
    )
    m.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return m


fit = {"epochs": 50, "batch_size": 20}

CASE = Case(
    id="third-cause-overfitting",
    story="Diabetes progression with a generous net; the training error goes to almost nothing while the validation error rises from epoch 5 on.",
    causes=("overfitting", "too-little-data"),
    sick=Run(data, big, fit),
    fixed=Run(data, modest, fit),
    well=lambda h: h["val_loss"][-1] < 1.2 * min(h["val_loss"]) and h["val_loss"][-1] < 0.75,
)
