"""A physics-informed net solves the damped oscillator from the equation and the start values alone."""

from __future__ import annotations

import numpy as np

from benchmarks.diagnosis.kit import Case, Run
from benchmarks.diagnosis.lazy import keras, tf

W, D = 4.0, 0.6  # u'' + 2 D u' + W^2 u = 0, u(0) = 1, u'(0) = 0


def exact(t):
    w = np.sqrt(W * W - D * D)
    return np.exp(-D * t) * (np.cos(w * t) + D / w * np.sin(w * t))


def data(seed):
    t = np.random.default_rng(seed).uniform(0, 1.2, (1000, 1)).astype("float32")
    return {"x": t, "y": exact(t).astype("float32")}  # y is only looked at, never fitted


def oscillator():
    class Oscillator(keras.Model):
        def __init__(self):
            super().__init__()
            self.net = keras.Sequential(
                [
                    keras.Input((1,)),
                    keras.layers.Dense(32, activation="tanh"),
                    keras.layers.Dense(32, activation="tanh"),
                    keras.layers.Dense(1),
                ]
            )
            self.total = keras.metrics.Mean(name="loss")
            self.error = keras.metrics.MeanAbsoluteError(name="error")

        def call(self, t):
            return self.net(t)

        @property
        def metrics(self):
            return [self.total, self.error]

        def train_step(self, batch):
            t, u_exact = batch
            t0 = tf.zeros((1, 1))
            with tf.GradientTape() as tape:
                with tf.GradientTape() as g2:
                    g2.watch(t)
                    with tf.GradientTape() as g1:
                        g1.watch(t)
                        u = self.net(t)
                    du = g1.gradient(u, t)
                ddu = g2.gradient(du, t)
                with tf.GradientTape() as g0:
                    g0.watch(t0)
                    u0 = self.net(t0)
                du0 = g0.gradient(u0, t0)
                residual = tf.reduce_mean(tf.square((ddu + 2 * D * du) / W**2 + u))
                loss = (
                    residual + 10.0 * tf.reduce_mean(tf.square(u0 - 1.0)) + tf.reduce_mean(tf.square(du0 / W))
                )
            grads = tape.gradient(loss, self.net.trainable_variables)
            self.optimizer.apply_gradients(zip(grads, self.net.trainable_variables, strict=True))
            self.total.update_state(loss)
            self.error.update_state(u_exact, u)
            return {m.name: m.result() for m in self.metrics}

    return Oscillator()


def model(seed):
    m = oscillator()
    m.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.ExponentialDecay(0.01, 400, 0.7)))
    return m


CASE = Case(
    id="third-well-pinn-oscillator",
    story="A physics-informed net solves the damped oscillator from the equation and the start values alone, in a train_step of its own.",
    fixed=Run(data, model, {"epochs": 60, "batch_size": 32}),
    # the spread of the exact solution is about 0.5
    well=lambda h: h["error"][-1] < 0.05 and h["loss"][-1] < 0.01,
)
