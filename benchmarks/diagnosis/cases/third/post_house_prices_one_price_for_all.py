"""House prices out of a csv file: the loss sits at 1.00 and each house gets the same price."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def table(seed):
    import pandas as pd

    r = np.random.default_rng(seed)
    n = 1200
    df = pd.DataFrame(
        {
            "area_m2": r.gamma(6, 18, n),
            "rooms": r.integers(1, 8, n).astype(float),
            "year_built": r.integers(1900, 2022, n).astype(float),
            "km_to_centre": r.exponential(6, n),
            "median_income": r.normal(38000, 9000, n),
        }
    )
    price = (
        1800 * df.area_m2
        + 9000 * df.rooms
        - 5000 * df.km_to_centre
        + 2.2 * df.median_income
        + 300 * (df.year_built - 1960)
        + r.normal(0, 15000, n)
    )
    df.loc[r.random(n) < 0.05, "year_built"] = np.nan
    return df, price


def data(seed, clean=False):
    from sklearn.preprocessing import StandardScaler

    df, price = table(seed)
    if clean:
        df = df.fillna(df.median())
    x = StandardScaler().fit_transform(df).astype("float32")  # does not complain about the holes
    y = ((price - price.mean()) / price.std()).values.astype("float32")
    return {"x": x[:1000], "y": y[:1000], "validation_data": (x[1000:], y[1000:])}


def model(seed):
    from keras import Sequential, layers

    m = Sequential(
        [
            layers.Input((5,)),
            layers.Dense(64, activation="relu"),
            layers.Dense(32, activation="relu"),
            layers.Dense(1),
        ]
    )
    m.compile(optimizer="adam", loss="mse", metrics=["mae"])
    return m


fit = {"epochs": 20, "batch_size": 32}

CASE = Case(
    id="third-post-house-prices-one-price-for-all",
    story="House prices out of a csv file: the loss sits at 1.00 and each house gets the same price, whatever rate I take. I do scale everything.",
    causes=("non-finite-data",),
    sick=Run(data, model, fit),
    fixed=Run(lambda s: data(s, True), model, fit),
    # 5% holes in one column; on this CPU relu hides the nan (max(nan, 0) is 0), so the loss may stay finite
    well=lambda h: h["val_loss"][-1] < 0.3,
)
