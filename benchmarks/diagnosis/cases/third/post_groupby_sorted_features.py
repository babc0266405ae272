"""Features from groupby().mean(), the class from the customer table: the network stays near chance."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed, right=False):
    import pandas as pd

    r = np.random.default_rng(seed)
    n = 1000
    ids = r.permutation(np.arange(10000, 10000 + n))
    mean_amount = r.gamma(3, 20, n)
    night = r.beta(2, 5, n)
    country = r.normal(0, 1, n)
    customers = pd.DataFrame({"customer": ids})
    s = (mean_amount - 60) / 35 + 6 * (night - 0.29) + country * (night - 0.2) * 4
    customers["kind"] = np.digitize(s, [-0.7, 0.7])
    k = 5
    events = pd.DataFrame(
        {
            "customer": np.repeat(ids, k),
            "amount": np.repeat(mean_amount, k) * r.uniform(0.9, 1.1, n * k),
            "night": np.repeat(night, k) + r.normal(0, 0.02, n * k),
            "country": np.repeat(country, k) + r.normal(0, 0.05, n * k),
        }
    )
    f = events.groupby("customer").mean()  # comes back sorted by customer
    if right:
        f = f.loc[customers["customer"]]
    x = ((f - f.mean()) / f.std()).values.astype("float32")
    return {"x": x, "y": customers["kind"].values}


def model(seed):
    import keras
    from keras import layers

    m = keras.Sequential(
        [
            layers.Input((3,)),
            layers.Dense(32, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(3, activation="softmax"),
        ]
    )
    m.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return m


fit = {"epochs": 25, "batch_size": 20, "validation_split": 0.2}

CASE = Case(
    id="third-post-groupby-sorted-features",
    story="Features per customer from groupby().mean(), the class from the customer table. The network stays near chance, although a plot shows the classes plainly.",
    causes=("misaligned-labels", "label-noise"),
    sick=Run(data, model, fit),
    fixed=Run(lambda s: data(s, True), model, fit),
    well=lambda h: h["accuracy"][-1] > 0.8 and h["val_accuracy"][-1] > 0.75,
)
