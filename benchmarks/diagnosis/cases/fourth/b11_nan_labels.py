"""Three lab values, some not measured: the loss masks the NaN of the first two only."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    r = np.random.default_rng(seed)
    x = r.normal(size=(1600, 10)).astype("float32")
    y = np.tanh(x @ r.normal(0, 0.6, (10, 3))) + 0.1 * r.normal(size=(1600, 3))
    miss = r.random((1600, 3)) < np.array([0.2, 0.1, 0.002])
    y = np.where(miss, np.nan, y).astype("float32")
    return {"x": x, "y": y}


def model(masked):
    def masked_mse(t, p):
        t_m, p_m = t[:, :masked], p[:, :masked]
        known = ops.logical_not(ops.isnan(t_m))
        err = ops.where(known, ops.where(known, t_m, 0.0) - p_m, 0.0)
        total = ops.sum(ops.square(err), axis=-1)
        if masked < 3:
            total = total + ops.sum(ops.square(t[:, masked:] - p[:, masked:]), axis=-1)
        return total

    def build(seed):
        m = keras.Sequential(
            [
                keras.Input((10,)),
                layers.Dense(64, activation="relu"),
                layers.Dense(64, activation="relu"),
                layers.Dense(3),
            ]
        )
        m.compile(keras.optimizers.Adam(1e-3), loss=masked_mse)
        return m

    return build


fit = {"epochs": 20, "batch_size": 32}

CASE = Case(
    id="fourth-b11-nan-labels",
    story="Three blood values at once; values that were not measured are NaN and my loss masks them, but only in the columns where I knew of any. After a few batches the loss is nan.",
    causes=("non-finite-data", "numerical-instability"),
    sick=Run(data, model(2), fit),
    fixed=Run(data, model(3), fit),
    well=lambda h: h["loss"][-1] < 0.2,
)
