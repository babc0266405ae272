"""What a watched run makes of steps without an update."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(128, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


class Accumulates(keras.Model):
    """Adds up the gradients of four batches before each update, by hand."""

    def build_sums(self):
        self.count = tf.Variable(0)
        self.sums = [tf.Variable(tf.zeros(v.shape)) for v in self.trainable_variables]
        self.optimizer.build(self.trainable_variables)

    def train_step(self, data):
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        for total, gradient in zip(self.sums, tape.gradient(loss, self.trainable_variables), strict=True):
            total.assign_add(gradient / 4)
        tf.cond(self.count.assign_add(1) % 4 == 0, self.update, lambda: None)
        return {"loss": loss}

    def update(self):
        self.optimizer.apply([tf.identity(s) for s in self.sums], self.trainable_variables)
        for total in self.sums:
            total.assign(tf.zeros_like(total))


class Overflows(keras.Model):
    """Its scaled gradients are infinite whatever the scale."""

    def compute_loss(self, *args, **kwargs):
        loss = super().compute_loss(*args, **kwargs)
        return loss + (loss - tf.stop_gradient(loss)) * np.float32(np.inf)


def fit(kind, optimizer):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    model = kind(inputs, keras.layers.Dense(1)(inputs))
    model.compile(optimizer, "mse")
    if kind is Accumulates:
        model.build_sums()
    doctor = LossDoctor(verbose=0, trial_seconds=0)
    model.fit(X, Y, batch_size=8, epochs=15, verbose=0, callbacks=[doctor])
    return doctor.report


def test_updates_left_out_on_purpose_are_no_overflow():
    """A step that adds up gradients makes an update every fourth time, and that is no fault."""
    report = fit(Accumulates, keras.optimizers.Adam(0.1))
    assert [e for e in report.record.events if e.kind == "loss-scale"] == []
    assert "steps-skipped" not in {s.name for s in report.symptoms}
    assert report.healthy, report.to_text()


def test_updates_that_loss_scaling_left_out_are_told():
    """Under a LossScaleOptimizer a step without an update is one that overflowed."""
    report = fit(Overflows, keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.1)))
    assert [e.data["skipped"] for e in report.record.events if e.kind == "loss-scale"] == [240]
    assert "steps-skipped" in {s.name for s in report.symptoms if s.alarming}
