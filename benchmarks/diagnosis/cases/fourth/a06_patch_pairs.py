"""Do two sensor windows come from the same machine? Contrastive loss on the distance of two embeddings."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops


def windows(seed, n=1500, steps=40):
    rng = np.random.default_rng(seed)
    t = np.arange(steps)
    speed = np.array([0.35, 0.5, 0.7, 0.95, 1.2, 1.5])

    def record(k):
        phase = rng.uniform(0, 6.3, len(k))[:, None]
        wave = np.sin(speed[k][:, None] * t + phase) + 0.5 * np.sin(2 * speed[k][:, None] * t + 2 * phase)
        return (wave + rng.normal(0, 0.25, (len(k), steps)))[..., None].astype("float32")

    left = rng.integers(0, 6, n)
    different = rng.random(n) < 0.5
    right = np.where(different, (left + rng.integers(1, 6, n)) % 6, left)
    return record(left), record(right), different.astype("float32")


def data(one_means_different):
    def load(seed):
        a, b, different = windows(seed)
        y = different if one_means_different else 1.0 - different
        cut = 1200
        return {
            "x": [a[:cut], b[:cut]],
            "y": y[:cut, None],
            "validation_data": ([a[cut:], b[cut:]], y[cut:, None]),
        }

    return load


def hadsell(y, d):
    """Hadsell et al. 2006, with Y = 1 for a dissimilar pair."""
    return 0.5 * ((1.0 - y) * ops.square(d) + y * ops.square(ops.maximum(0.0, 1.0 - d)))


def verdict(y, d):
    return ops.mean(ops.cast(ops.equal(ops.cast(d > 0.5, "float32"), y), "float32"))


def model(seed):
    tower = keras.Sequential(
        [
            keras.Input((40, 1)),
            layers.Conv1D(16, 7, activation="relu"),
            layers.Conv1D(24, 5, strides=2, activation="relu"),
            layers.GlobalAveragePooling1D(),
            layers.Dense(8),
        ]
    )
    a, b = keras.Input((40, 1)), keras.Input((40, 1))
    diff = layers.Subtract()([tower(a), tower(b)])
    d = layers.Lambda(lambda v: ops.sqrt(ops.sum(v * v, axis=-1, keepdims=True) + 1e-9), output_shape=(1,))(
        diff
    )
    m = keras.Model([a, b], d)
    m.compile(keras.optimizers.Adam(2e-3), loss=hadsell, metrics=[verdict])
    return m


fit = {"epochs": 20, "batch_size": 40}

CASE = Case(
    id="fourth-a06-patch-pairs",
    story="A siamese net should tell whether two vibration windows come from one machine. The contrastive loss falls to a quarter of the margin in the first epoch and never moves on; all distances are about a half.",
    causes=("loss-target-mismatch", "misaligned-labels", "representation-collapse"),
    sick=Run(data(False), model, fit),
    fixed=Run(data(True), model, fit),
    well=lambda h: h["val_loss"][-1] < 0.06,
)
