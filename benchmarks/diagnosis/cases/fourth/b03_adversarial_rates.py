"""GAN for two-dimensional blobs whose generator steps with 0.05."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, layers, ops, tf

CENTRES = np.array([[1, 1], [-1, 1], [-1, -1], [1, -1]], "float32")


def data(seed):
    r = np.random.default_rng(seed)
    x = CENTRES[r.integers(0, 4, 2560)] + r.normal(0, 0.15, (2560, 2))
    return {"x": x.astype("float32")}


def model(g_rate):
    def build(seed):
        class PointGan(keras.Model):
            def __init__(self, generator, critic):
                super().__init__()
                self.generator, self.critic = generator, critic
                self.noise = keras.random.SeedGenerator(seed)
                self.loss_d = keras.metrics.Mean("loss_d")
                self.loss_g = keras.metrics.Mean("loss_g")
                self.distance = keras.metrics.Mean("distance")

            def compile(self, opt_d, opt_g, loss):
                super().compile(loss=loss)
                self.opt_d, self.opt_g, self.bce = opt_d, opt_g, loss

            @property
            def metrics(self):
                return [self.loss_d, self.loss_g, self.distance]

            def train_step(self, x):
                n = ops.shape(x)[0]
                z = keras.random.normal((n, 8), seed=self.noise)
                with tf.GradientTape(persistent=True) as tape:
                    g = self.generator(z, training=True)
                    real, fake = self.critic(x, training=True), self.critic(g, training=True)
                    d = self.bce(ops.ones((n, 1)), real) + self.bce(ops.zeros((n, 1)), fake)
                    gl = self.bce(ops.ones((n, 1)), fake)
                wd, wg = self.critic.trainable_variables, self.generator.trainable_variables
                gd, gg = tape.gradient(d, wd), tape.gradient(gl, wg)
                self.opt_d.apply(gd, wd)
                self.opt_g.apply(gg, wg)
                self.loss_d.update_state(d)
                self.loss_g.update_state(gl)
                gap = ops.min(ops.norm(g[:, None] - CENTRES[None], axis=-1), axis=0)  # per centre
                self.distance.update_state(ops.mean(gap))
                return {k.name: k.result() for k in self.metrics}

        gen = keras.Sequential(
            [keras.Input((8,)), layers.Dense(64, "relu"), layers.Dense(64, "relu"), layers.Dense(2)]
        )
        cri = keras.Sequential(
            [
                keras.Input((2,)),
                layers.Dense(64, "leaky_relu"),
                layers.Dense(64, "leaky_relu"),
                layers.Dense(1),
            ]
        )
        gan = PointGan(gen, cri)
        gan.compile(
            keras.optimizers.Adam(1e-3, beta_1=0.5),
            keras.optimizers.Adam(g_rate, beta_1=0.5),
            keras.losses.BinaryCrossentropy(from_logits=True),
        )
        return gan

    return build


fit = {"epochs": 40, "batch_size": 64}

CASE = Case(
    id="fourth-b03-adversarial-rates",
    story="GAN for four blobs in the plane. I raised the generator's rate to 0.05 so that it keeps up with the critic; its points jump about and lie nowhere near the blobs.",
    causes=("learning-rate-too-high", "exploding-gradients", "representation-collapse"),
    sick=Run(data, model(0.05), fit),
    fixed=Run(data, model(5e-4), fit),
    # distance: from each blob's centre to the nearest of 64 drawn points
    well=lambda h: np.mean(h["distance"][-5:]) < 0.35 and h["loss_g"][-1] < 2,
)
