"""A mixture density network for an inverse problem; the negative log likelihood goes below zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run

K = 5


def data(seed):
    rng = np.random.default_rng(seed)
    t = rng.uniform(0, 1, 2000)
    x = t + 0.3 * np.sin(2 * np.pi * t) + rng.uniform(-0.1, 0.1, 2000)
    return {
        "x": x[:1600, None].astype("float32"),
        "y": t[:1600, None].astype("float32"),
        "validation_data": (x[1600:, None].astype("float32"), t[1600:, None].astype("float32")),
    }


def mdn_nll(y_true, y_pred):
    from keras import ops

    logit, mu, log_s = ops.split(y_pred, 3, axis=-1)
    log_s = ops.clip(log_s, -4.0, 3.0)
    log_pi = ops.log_softmax(logit, axis=-1)
    z = (y_true - mu) / ops.exp(log_s)
    return -ops.logsumexp(log_pi - 0.5 * z * z - log_s - 0.9189385, axis=-1)


def model(seed):
    import keras

    inp = keras.Input((1,))
    h = keras.layers.Dense(32, activation="tanh")(inp)
    h = keras.layers.Dense(32, activation="tanh")(h)
    m = keras.Model(inp, keras.layers.Dense(3 * K)(h))
    m.compile(optimizer=keras.optimizers.Adam(0.005), loss=mdn_nll)
    return m


CASE = Case(
    id="third-well-mdn",
    story="A mixture density network for an inverse problem (several answers per input); the negative log likelihood goes below zero and stays there, as it should.",
    fixed=Run(data, model, {"epochs": 50, "batch_size": 64}),
    # t is uniform on [0, 1]: 0 nats is the trivial answer
    well=lambda h: h["loss"][-1] < -0.75 and h["val_loss"][-1] < -0.65,
)
