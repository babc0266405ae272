"""A small transformer guesses hidden tokens; four fifths of all positions have the weight zero."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run

V, L, MASK = 12, 16, 12


def data(seed):
    rng = np.random.default_rng(seed)
    n = 1600
    step = rng.integers(1, 4, n)
    start = rng.integers(0, V, n)
    seq = (start[:, None] + step[:, None] * np.arange(L)[None]) % V
    noise = rng.random((n, L)) < 0.05
    seq = np.where(noise, rng.integers(0, V, (n, L)), seq)
    hide = rng.random((n, L)) < 0.2
    x = np.where(hide, MASK, seq)
    return {"x": x.astype("int32"), "y": seq.astype("int32"), "sample_weight": hide.astype("float32")}


def model(seed):
    import keras
    from keras import layers, ops

    class Warmup(keras.optimizers.schedules.LearningRateSchedule):
        def __init__(self, top, steps):
            self.top, self.steps = top, steps

        def __call__(self, step):
            s = ops.cast(step, "float32") + 1.0
            return self.top * ops.minimum(s / self.steps, ops.sqrt(self.steps / s))

        def get_config(self):
            return {"top": self.top, "steps": self.steps}

    class Positions(layers.Layer):
        def build(self, shape):
            self.p = self.add_weight(
                shape=(L, shape[-1]), initializer=keras.initializers.RandomNormal(stddev=0.3), name="p"
            )

        def call(self, x):
            return x + self.p

    inp = keras.Input((L,), dtype="int32")
    h = Positions()(
        layers.Embedding(V + 1, 32, embeddings_initializer=keras.initializers.RandomNormal(stddev=0.3))(inp)
    )
    for _ in range(2):
        a = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.MultiHeadAttention(4, 8)(a, a)])
        f = layers.LayerNormalization()(h)
        h = layers.Add()([h, layers.Dense(32)(layers.Dense(64, activation="gelu")(f))])
    out = layers.Dense(V)(layers.LayerNormalization()(h))
    m = keras.Model(inp, out)
    m.compile(
        optimizer=keras.optimizers.Adam(Warmup(0.005, 80), beta_2=0.98),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="hits")],
    )
    return m


CASE = Case(
    id="third-well-masked-tokens",
    story="A small transformer guesses hidden tokens of noisy arithmetic sequences; four fifths of all positions have the weight zero, the rate warms up, then decays with the root.",
    fixed=Run(data, model, {"epochs": 14, "batch_size": 64}),
    well=lambda h: h["hits"][-1] > 0.8,
)
