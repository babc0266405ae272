"""A normalising flow fits the joint density of two sensors; the targets are dummy zeros."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=1536)
    x = np.stack([a, np.sin(2 * a) + 0.4 * a**2 + 0.15 * rng.normal(size=1536)], 1)
    x = ((x - x.mean(0)) / x.std(0)).astype("float32")
    return {"x": x, "y": np.zeros((len(x), 1), "float32")}


def model(seed):
    import keras
    from keras import layers, ops

    class Coupling(layers.Layer):
        """Affine coupling (RealNVP): moves one coordinate given the other."""

        def __init__(self, flip, width=32, **kw):
            super().__init__(**kw)
            self.flip = flip
            self.net = keras.Sequential(
                [
                    layers.Dense(width, activation="relu"),
                    layers.Dense(width, activation="relu"),
                    layers.Dense(2, kernel_initializer=keras.initializers.RandomNormal(stddev=0.01)),
                ]
            )

        def build(self, shape):
            self.net.build((None, 1))

        def call(self, inputs):
            x, logdet = inputs
            a, b = x[:, :1], x[:, 1:]
            if self.flip:
                a, b = b, a
            st = self.net(a)
            s, t = 2.0 * ops.tanh(st[:, :1]), st[:, 1:]
            b = b * ops.exp(s) + t
            return ops.concatenate([b, a] if self.flip else [a, b], axis=-1), logdet + s

        def compute_output_shape(self, shapes):
            return shapes

    inp = keras.Input((2,))
    x = inp
    ld = layers.Lambda(lambda v: ops.zeros_like(v[:, :1]), output_shape=(1,))(inp)
    for i in range(4):
        x, ld = Coupling(flip=bool(i % 2), name=f"coupling_{i}")([x, ld])
    m = keras.Model(inp, layers.Concatenate()([x, ld]))

    def nll(_, out):
        return 0.5 * ops.sum(ops.square(out[:, :2]), axis=-1) + 1.837877 - out[:, 2]

    m.compile(
        optimizer=keras.optimizers.Adam(
            keras.optimizers.schedules.CosineDecay(3e-3, 24 * 40), global_clipnorm=5.0
        ),
        loss=nll,
    )
    return m


CASE = Case(
    id="third-well-flow-sensors",
    story="A normalising flow fits the joint density of two sensors, bent around each other, by maximum likelihood; the targets are dummy zeros since there is nothing to predict.",
    fixed=Run(data, model, {"epochs": 40, "batch_size": 64}),
    # a Gaussian fitted to the points gives about 2.8, the truth about 1.03
    well=lambda h: h["loss"][-1] < 1.25,
)
