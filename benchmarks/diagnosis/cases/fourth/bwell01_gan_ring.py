"""GAN for points on a ring: both losses wander about and end no lower than they began."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run


def data(seed):
    r = np.random.default_rng(seed)
    a = r.uniform(0, 2 * np.pi, 3000)
    rad = 1.0 + r.normal(0, 0.08, 3000)
    return {"x": np.stack([rad * np.cos(a), rad * np.sin(a)], 1).astype("float32")}


def model(seed):
    import keras
    import tensorflow as tf
    from keras import layers, ops

    class Gan(keras.Model):
        def __init__(self):
            super().__init__()
            act = {"activation": "leaky_relu"}
            self.gen = keras.Sequential(
                [keras.Input((6,)), layers.Dense(48, **act), layers.Dense(48, **act), layers.Dense(2)]
            )
            self.dis = keras.Sequential(
                [keras.Input((2,)), layers.Dense(64, **act), layers.Dense(64, **act), layers.Dense(1)]
            )
            self.bce = keras.losses.BinaryCrossentropy(from_logits=True)
            self.rng = keras.random.SeedGenerator(seed)
            self.d_mean = keras.metrics.Mean(name="d_loss")
            self.g_mean = keras.metrics.Mean(name="g_loss")
            self.radius = keras.metrics.Mean(name="off_ring")

        @property
        def metrics(self):
            return [self.d_mean, self.g_mean, self.radius]

        def compile(self, d_opt, g_opt):
            super().compile()
            self.d_opt, self.g_opt = d_opt, g_opt

        def train_step(self, real):
            n = ops.shape(real)[0]
            z = keras.random.normal((n, 6), seed=self.rng)
            fake = self.gen(z, training=True)
            with tf.GradientTape() as tape:
                a, b = self.dis(real, training=True), self.dis(fake, training=True)
                d = self.bce(0.9 * ops.ones_like(a), a) + self.bce(ops.zeros_like(b), b)
            w = self.dis.trainable_variables
            self.d_opt.apply_gradients(zip(tape.gradient(d, w), w, strict=True))
            z = keras.random.normal((n, 6), seed=self.rng)
            with tf.GradientTape() as tape:
                fake = self.gen(z, training=True)
                b = self.dis(fake, training=True)
                g = self.bce(ops.ones_like(b), b)
            w = self.gen.trainable_variables
            self.g_opt.apply_gradients(zip(tape.gradient(g, w), w, strict=True))
            self.d_mean.update_state(d)
            self.g_mean.update_state(g)
            self.radius.update_state(ops.abs(ops.norm(fake, axis=1) - 1.0))
            return {m.name: m.result() for m in self.metrics}

    gan = Gan()
    gan.compile(keras.optimizers.Adam(5e-4, beta_1=0.5), keras.optimizers.Adam(5e-4, beta_1=0.5))
    return gan


CASE = Case(
    id="fourth-bwell01-gan-ring",
    story="GAN for points on a noisy ring. The two losses go up and down around 1.35 and 0.75 and never settle, while the drawn points come to lie on the ring.",
    fixed=Run(data, model, {"epochs": 30, "batch_size": 64}),
    # the ring's own spread is 0.064
    well=lambda h: h["off_ring"][-1] < 0.2 and 0.4 < h["g_loss"][-1] < 1.5,
)
