"""Two noisy views of each row, matched within the batch: the loss ends far from zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    from sklearn.datasets import load_digits

    r = np.random.default_rng(seed)
    x = load_digits().images.astype("float32") / 16.0
    x = x[r.permutation(len(x))]

    def view(a):
        out = np.zeros_like(a)
        for i, (dy, dx) in enumerate(r.integers(-1, 2, (len(a), 2))):
            out[i] = np.roll(a[i], (dy, dx), (0, 1))
        return (out * (r.random(a.shape) > 0.2)).astype("float32")[..., None]

    pairs = np.stack([view(x), view(x)], 1)
    return {"x": pairs[:1472], "y": np.zeros(1472, "float32")}


def model(seed):
    inp = keras.Input((2, 8, 8, 1))
    tower = keras.Sequential(
        [
            layers.Conv2D(32, 3, activation="relu"),
            layers.Conv2D(48, 3, activation="relu"),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(24),
            layers.UnitNormalization(),
        ]
    )
    a, b = tower(inp[:, 0]), tower(inp[:, 1])
    m = keras.Model(inp, ops.concatenate([a, b], axis=-1))

    def scores(z):
        return ops.matmul(z[:, :24], ops.transpose(z[:, 24:])) / 0.2

    def nt_xent(_, z):
        s = scores(z)
        own = ops.diagonal(s)
        return ops.logsumexp(s, axis=1) + ops.logsumexp(s, axis=0) - 2 * own

    def found(_, z):
        s = scores(z)
        return ops.cast(ops.argmax(s, axis=1) == ops.arange(ops.shape(s)[0]), "float32")

    m.compile(keras.optimizers.Adam(1e-3), loss=nt_xent, metrics=[found])
    return m


CASE = Case(
    id="fourth-bwell03-contrastive-views",
    story="Contrastive pretraining on digits: two shifted, speckled views must find each other among 64. The loss starts at 8 and ends at about 3; the targets are all zeros and not used.",
    fixed=Run(data, model, {"epochs": 20, "batch_size": 64}),
    well=lambda h: h["loss"][-1] < 5 and h["found"][-1] > 0.4,
)
