"""Iris: 120 rows, two batches an epoch, 51 weights; small and sufficient."""

from __future__ import annotations

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    from sklearn.datasets import load_iris
    from sklearn.model_selection import train_test_split

    d = load_iris()
    a, b, s, t = train_test_split(d.data, d.target, test_size=30, stratify=d.target, random_state=seed)
    mean, std = a.mean(0), a.std(0)
    a, b = ((v - mean) / std for v in (a, b))
    return {"x": a.astype("float32"), "y": s, "validation_data": (b.astype("float32"), t)}


def model(seed):
    m = keras.Sequential(
        [keras.Input((4,)), layers.Dense(6, activation="tanh"), layers.Dense(3, activation="softmax")]
    )
    m.compile(keras.optimizers.Adam(0.03), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


CASE = Case(
    id="fourth-bwell22-tiny-iris",
    story="Iris, 120 rows, 60 epochs of two steps each, a net of 51 weights.",
    fixed=Run(data, model, {"epochs": 60, "batch_size": 60}),
    well=lambda h: h["val_accuracy"][-1] > 0.89 and h["loss"][-1] < 0.15,
)
