"""Three heads whose losses are of very different size by nature, balanced by loss_weights."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers


def data(seed):
    r = np.random.default_rng(seed)
    x = r.normal(size=(1800, 10)).astype("float32")
    y = {
        "visits": r.poisson(np.exp(2 + 0.5 * x[:, 0] - 0.3 * x[:, 1])).astype("float32"),
        "churn": (x[:, 2] - x[:, 3] * x[:, 4] + 0.3 * r.normal(size=1800) > 0).astype("float32"),
        "share": (1 / (1 + np.exp(-x[:, 5] - 0.5 * x[:, 6]))).astype("float32"),
    }
    return {
        "x": x[:1500],
        "y": {k: v[:1500] for k, v in y.items()},
        "validation_data": (x[1500:], {k: v[1500:] for k, v in y.items()}),
    }


def model(seed):
    inp = keras.Input((10,))
    h = layers.Dense(64, activation="silu")(inp)
    h = layers.Dense(48, activation="silu")(h)
    heads = {"visits": "exponential", "churn": "sigmoid", "share": "sigmoid"}
    m = keras.Model(inp, {k: layers.Dense(1, activation=a, name=k)(h) for k, a in heads.items()})
    m.compile(
        keras.optimizers.Adam(2e-3),
        loss={"visits": "poisson", "churn": "binary_crossentropy", "share": "mse"},
        loss_weights={"visits": 0.2, "churn": 1.0, "share": 20.0},
        metrics={"churn": ["accuracy"], "share": ["mae"]},
    )
    return m


CASE = Case(
    id="fourth-bwell18-three-tasks",
    story="Counts, a yes or no and a share from one trunk. The counts' Poisson loss is at -12, the others near zero, so the total is negative; weights keep them in balance.",
    fixed=Run(data, model, {"epochs": 20, "batch_size": 50}),
    well=lambda h: h["val_churn_accuracy"][-1] > 0.85 and h["val_share_mae"][-1] < 0.06,
)
