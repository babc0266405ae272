"""What cannot be tried, through LossDoctor: the report says why, and its diagnosis stands."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import tensorflow as tf  # noqa: E402
from keras import layers  # noqa: E402

from lossdoctor import LossDoctor  # noqa: E402

RNG = np.random.default_rng(0)
X = (100 * RNG.normal(size=(128, 4))).astype("float32")
Y = (X @ RNG.normal(size=(4, 1))).astype("float32")


class Plain(keras.Model):
    """One dense layer, of a class of its own."""

    def __init__(self, table: Any = None) -> None:
        super().__init__()
        self.table, self.out = table, layers.Dense(1)

    def call(self, x: Any) -> Any:
        return self.out(x)


class OwnStep(keras.Model):
    """A custom train_step on a functional model."""

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(x=x, y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


class OwnLoss(Plain):
    """A custom train_step that computes its loss by itself."""

    def get_config(self) -> Any:
        return {}

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(1000 * self(x, training=True) - tf.cast(y, tf.float32)))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {"loss": loss}


class Closed(Plain):
    """A model that cannot be made from its config."""

    def get_config(self) -> Any:
        raise NotImplementedError("no config")


class Words(Plain):
    """Reads strings."""

    def call(self, x: Any) -> Any:
        return self.out(1000 * tf.cast(tf.strings.length(x), tf.float32))


class Bags(Plain):
    """Reads ragged rows."""

    def call(self, x: Any) -> Any:
        return self.out(tf.reshape(tf.reduce_sum(x, 1), [-1, 1]))


def report_of(model: Any, x: Any, y: Any = None) -> Any:
    model.compile(keras.optimizers.SGD(1.0), "mse")
    doctor = LossDoctor(verbose=0, trial_seconds=20)
    model.fit(x, y, epochs=3, verbose=0, callbacks=[doctor], batch_size=None if y is None else 32)
    return doctor.report


def told(report: Any) -> str:
    """Returns what was not tried, as one text, after checking that the rest stands."""
    assert not report.healthy
    assert report.diagnoses
    return " ".join([*report.record.experiments.get("not_run", ()), *report.unchecked])


def test_strings_and_ragged_rows_cannot_be_kept() -> None:
    """The sentence names what the data are."""
    words = tf.constant([["a" * (k % 7)] * 2 for k in range(128)])
    assert "string" in told(report_of(Words(), words, Y))
    values = tf.constant(1000 * RNG.normal(size=384).astype("float32"))
    bags = tf.RaggedTensor.from_row_lengths(values, [1, 5] * 64)
    data = tf.data.Dataset.from_tensor_slices((bags, Y)).batch(32)
    assert "Ragged" in told(report_of(Bags(), data))


def test_a_model_built_by_a_step_of_its_own_is_replayed_from_its_start() -> None:
    """Also without compute_loss its weights are known from before the first update: the replay begins there."""
    report = report_of(OwnLoss(), X, Y)
    told(report)
    unchanged = report.record.experiments["replay"]["unchanged"]
    assert np.isfinite(unchanged["first"])  # the run left nothing but NaN
    assert not unchanged["finite"]


def test_a_model_that_cannot_be_rebuilt_is_said_to_be_so() -> None:
    """Its config is what is missing."""
    model = Closed(object())
    model(X[:1])
    report = report_of(model, X, Y)
    missing = told(report)
    for trial in ("stability", "replay"):
        assert f"{trial}: Closed cannot be made again: give it get_config()" in missing
    assert "replay" not in report.record.experiments


def test_a_custom_train_step_is_replayed_by_itself() -> None:
    """It is the user's own step that a copy of the model makes."""
    inputs = keras.Input((4,))
    report = report_of(OwnStep(inputs, layers.Dense(1)(inputs)), X, Y)
    told(report)
    assert not report.record.experiments["replay"]["unchanged"]["finite"]
    assert any(t["verdict"] == "confirmed" for t in report.record.experiments["replay"]["trials"])
