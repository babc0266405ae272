"""Embeddings of bird songs learnt with batch-hard triplets."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def data(seed):
    rng = np.random.default_rng(seed + 31)
    species, n, bands = 12, 1536, 40
    y = rng.permutation(np.arange(n) % species)
    grid = np.linspace(0, 1, bands)
    centre, width = rng.uniform(0.15, 0.85, (species, 2)), rng.uniform(0.03, 0.1, (species, 2))
    shift = rng.normal(0, 0.03, (n, 1))
    loud = rng.uniform(0.5, 1.5, (n, 2))
    x = sum(
        loud[:, [k]] * np.exp(-0.5 * ((grid - centre[y, k][:, None] - shift) / width[y, k][:, None]) ** 2)
        for k in (0, 1)
    )
    x = x + rng.normal(0, 0.15, x.shape)
    return {"x": x.astype("float32"), "y": y.astype("int32")[:, None]}


def pairwise(e):
    sq = ops.sum(ops.square(e), axis=1)
    d2 = sq[:, None] - 2.0 * ops.matmul(e, ops.transpose(e)) + sq[None, :]
    return ops.sqrt(ops.maximum(d2, 0.0) + 1e-8)


def batch_hard(foe_distance):
    def triplet(y, e):
        d = pairwise(e)
        same = ops.cast(ops.equal(y, ops.transpose(y)), "float32")
        far_friend = ops.max(d * same, axis=1)
        near_foe = ops.min(foe_distance(d, same), axis=1)
        return ops.mean(ops.relu(far_friend - near_foe + 1.0))

    return triplet


def nearest_same(y, e):
    d = pairwise(e) + 1e6 * ops.eye(ops.shape(e)[0])
    found = ops.take(y[:, 0], ops.argmin(d, axis=1))
    # one point for all: no neighbour counts
    spread = ops.cast(ops.std(e) > 1e-2, "float32")
    return spread * ops.mean(ops.cast(ops.equal(found, y[:, 0]), "float32"))


def net(foe_distance):
    def model(seed):
        m = keras.Sequential(
            [
                keras.Input((40,)),
                layers.Dense(96, activation="relu"),
                layers.Dense(96, activation="relu"),
                layers.Dense(16),
            ]
        )
        m.compile(keras.optimizers.Adam(1e-3), loss=batch_hard(foe_distance), metrics=[nearest_same])
        return m

    return model


fit = {"epochs": 25, "batch_size": 64}

CASE = Case(
    id="fourth-a07-bird-songs",
    story="Batch-hard triplet loss with margin one on bird songs. The loss comes down to exactly 1.0 and stays there for good.",
    causes=("representation-collapse",),
    sick=Run(data, net(lambda d, same: d * (1.0 - same)), fit),
    fixed=Run(data, net(lambda d, same: d + 1e6 * same), fit),
    well=lambda h: h["loss"][-1] < 0.8 and h["nearest_same"][-1] > 0.7,
)
