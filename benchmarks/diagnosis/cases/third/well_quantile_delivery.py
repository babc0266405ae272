"""Three quantiles of delivery time with the pinball loss, which stops well above zero after a quick fall."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run

Q = [0.1, 0.5, 0.9]


def data(seed):
    rng = np.random.default_rng(seed)
    n = 2400
    km = rng.uniform(0.5, 15, n)
    hour = rng.uniform(8, 22, n)
    rain = (rng.random(n) < 0.3).astype(float)
    mean = 8 + 2.2 * km + 8 * np.exp(-(((hour - 18) / 2) ** 2)) + 5 * rain
    y = mean + (1 + 0.5 * km) * rng.gumbel(0, 1.0, n)
    x = np.stack([km / 15, (hour - 15) / 7, rain], 1)
    return {
        "x": x[:2000].astype("float32"),
        "y": y[:2000, None].astype("float32"),
        "validation_data": (x[2000:].astype("float32"), y[2000:, None].astype("float32")),
    }


def pinball(y_true, y_pred):
    import tensorflow as tf

    q = tf.constant(Q, dtype=y_pred.dtype)
    e = y_true - y_pred
    return tf.reduce_mean(tf.maximum(q * e, (q - 1) * e), axis=-1)


def model(seed):
    import keras

    m = keras.Sequential(
        [
            keras.layers.Input(shape=(3,)),
            keras.layers.Dense(48, activation="swish"),
            keras.layers.Dense(48, activation="swish"),
            keras.layers.Dense(len(Q), bias_initializer=keras.initializers.Constant(20.0)),
        ]
    )
    m.compile(optimizer=keras.optimizers.Adam(0.004), loss=pinball)
    return m


CASE = Case(
    id="third-well-quantile-delivery",
    story="Three quantiles of delivery time in minutes with the pinball loss; the noise grows with the distance, so the loss stops well above zero after a quick fall.",
    fixed=Run(data, model, {"epochs": 40, "batch_size": 64}),
    # known quantile functions: about 1.5; constant quantiles: 3.2
    well=lambda h: h["val_loss"][-1] < 1.8 and h["loss"][-1] < 1.75,
)
