"""Predicting flat prices: the loss is 7e10 and falls very slowly, the predictions are far too low."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed, scale=False):
    from sklearn.preprocessing import StandardScaler

    r = np.random.default_rng(seed)
    n = 1500
    area = r.normal(80, 25, n).clip(20)
    floor = r.integers(0, 12, n)
    dist = r.exponential(4, n)
    quarter = r.integers(0, 15, n)
    level = r.normal(0, 30000, 15)
    price = 90000 + 2400 * area + 2500 * floor - 7000 * np.sqrt(dist) + level[quarter] + r.normal(0, 12000, n)
    num = StandardScaler().fit_transform(np.c_[area, floor, dist]).astype("float32")
    y = price.astype("float32")
    if scale:
        y = (y - y[:1200].mean()) / y[:1200].std()
    x = {"num": num, "quarter": quarter.astype("int32")[:, None]}

    def cut(a, b):
        return {k: v[a:b] for k, v in x.items()}

    return {"x": cut(0, 1200), "y": y[:1200, None], "validation_data": (cut(1200, n), y[1200:, None])}


def model(seed):
    import keras
    from keras import layers

    num = keras.Input((3,), name="num")
    quarter = keras.Input((1,), dtype="int32", name="quarter")
    e = layers.Flatten()(layers.Embedding(15, 4)(quarter))
    h = layers.Concatenate()([num, e])
    h = layers.Dense(48, activation="relu")(h)
    h = layers.Dense(24, activation="relu")(h)
    m = keras.Model({"num": num, "quarter": quarter}, layers.Dense(1)(h))
    m.compile(
        optimizer=keras.optimizers.Adam(2e-3),
        loss="mean_squared_error",
        metrics=[keras.metrics.R2Score(name="r2")],
    )
    return m


fit = {"epochs": 25, "batch_size": 32}

CASE = Case(
    id="third-post-rent-regression-loss-in-billions",
    story="Predicting flat prices (some hundred thousands): the loss is 7e10 and goes down very slowly, the predictions are far below the true prices.",
    causes=("unscaled-targets",),
    sick=Run(data, model, fit),
    fixed=Run(lambda s: data(s, True), model, fit),
    well=lambda h: h["val_r2"][-1] > 0.7,
)
