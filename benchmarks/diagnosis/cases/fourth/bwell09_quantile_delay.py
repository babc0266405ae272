"""Three quantiles of a skewed delay under the pinball loss; it flattens well above zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    r = np.random.default_rng(seed)
    n = 2500
    load, hour = r.random(n), r.integers(0, 24, n)
    busy = np.exp(-0.5 * ((hour - 8) / 2) ** 2) + np.exp(-0.5 * ((hour - 17) / 2) ** 2)
    delay = r.gamma(1.5, 1.0 + 2 * load + 3 * busy)
    x = np.concatenate([load[:, None] * 2 - 1, np.eye(24)[hour]], 1).astype("float32")
    y = (delay / 5).astype("float32")[:, None]
    return {"x": x[:2000], "y": y[:2000], "validation_data": (x[2000:], y[2000:])}


def model(seed):
    q = np.array([0.1, 0.5, 0.9], "float32")

    def pinball(y, p):
        return ops.mean(ops.maximum(q * (y - p), (q - 1) * (y - p)), axis=-1)

    def above(y, p):
        return ops.cast(y[:, 0] > p[:, 2], "float32")

    m = keras.Sequential([keras.Input((25,)), layers.Dense(24, activation="relu"), layers.Dense(3)])
    m.compile(keras.optimizers.Adam(2e-3), loss=pinball, metrics=[above])
    return m


CASE = Case(
    id="fourth-bwell09-quantile-delay",
    story="10, 50 and 90 per cent quantiles of train delays. The loss drops for three epochs and then is flat at 0.15, as it should: delays are that random.",
    fixed=Run(data, model, {"epochs": 15, "batch_size": 50}),
    well=lambda h: 0.05 < h["val_above"][-1] < 0.16,
)
