"""LossDoctor never breaks a run: odd data and odd models train as without us, raise what they raised, and give a report."""

from __future__ import annotations

import gc
import json
import warnings
from collections.abc import Callable

import compat_models as m
import keras
import numpy as np
import pytest
import tensorflow as tf
from compat_check import same_values, state
from compat_models import C, X, Y, compiled
from keras import layers

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit


def outcome(build, data, callbacks, **more):
    """Returns what a fit ends in: its weights and logs, or the type and text of what it raised."""
    model = build()
    arguments = {"epochs": 2, "verbose": 0, "shuffle": False} | data() | more
    with warnings.catch_warnings():
        warnings.filterwarnings("error", message=".*lossdoctor.*")
        try:
            history = model.fit(**arguments, callbacks=callbacks).history
        except Exception as error:
            return type(error), None, None
    return None, state(model), history


def same(build: Callable, data: Callable, **more):
    """Asserts that a fit ends alike with and without us, and returns the report."""
    doctor = LossDoctor(verbose=0, trial_seconds=0.2)
    error, weights, history = outcome(build, data, [], **more)
    other_error, others, other_history = outcome(build, data, [doctor], **more)
    gc.collect()
    assert other_error is error
    if error is None:
        same_values(weights, others)
        same_values(list(history.values()), list(other_history.values()))
    report = doctor.report
    assert "record" in json.loads(report.to_json())
    assert report.to_text(full=True).startswith("LossDoctor: ")
    assert [e.text for e in report.record.events if e.kind == "internal-error"] == []
    return report


def arrays(x=X, y=Y, **more):
    return lambda: {"x": x, "y": y, "batch_size": 16, **more}


def poisoned(value, where=X):
    bad = where.copy()
    bad[20, 0] = value
    return bad


def empty_batch():
    parts = [(X[:16], Y[:16]), (X[:0], Y[:0]), (X[16:32], Y[16:32])]
    signature = (tf.TensorSpec((None, 4)), tf.TensorSpec((None, 1)))
    return {"x": tf.data.Dataset.from_generator(lambda: iter(parts), output_signature=signature)}


def ragged():
    ids = tf.ragged.constant([[1, 2, 3], [4], [5, 6]] * 8)
    return {"x": tf.data.Dataset.from_tensor_slices((ids, np.ones((24, 1), "float32"))).batch(8)}


def sparse():
    x = tf.sparse.from_dense(np.where(X > 0.5, X, 0).astype("float32"))
    return {"x": tf.data.Dataset.from_tensor_slices((x, Y)).batch(16)}


class ReadsRagged(keras.Model):
    def __init__(self):
        super().__init__()
        self.embed, self.out = layers.Embedding(10, 4), layers.Dense(1)

    def call(self, ids):
        return self.out(tf.reduce_mean(self.embed(ids.to_tensor()), axis=1))


class ReadsStrings(keras.Model):
    def __init__(self):
        super().__init__()
        self.out = layers.Dense(1)

    def call(self, text):
        return self.out(tf.cast(tf.strings.length(text), tf.float32)[:, None])


class NoWeightIsUpdated(keras.Model):
    """A train_step that looks and changes nothing."""

    def __init__(self):
        super().__init__()
        self.out = layers.Dense(1)

    def call(self, x):
        return self.out(x)

    def train_step(self, data):
        x, y = data
        return {"error": tf.reduce_mean(tf.abs(self(x) - y))}


class NoVariables(keras.Model):
    def call(self, x):
        return x[:, :1]


class ReturnsNothing(m.Subclassed):
    def train_step(self, data):
        super().train_step(data)
        return {}


class WithManyOptimizers(m.Gan):
    def train_step(self, data):
        return super().train_step(data[0])


def all_frozen():
    model = m.sequential()
    model.trainable = False
    return model


def forwards_only():
    def build():
        keras.utils.set_random_seed(0)
        model = NoWeightIsUpdated()
        model.compile()
        return model

    return build


def variable_length():
    x = keras.Input((None, 2))
    return keras.Model(x, layers.Dense(1)(layers.GlobalAveragePooling1D()(x)))


def lengths():
    rng = np.random.default_rng(0)
    parts = [(rng.normal(size=(8, n, 2)).astype("float32"), np.ones((8, 1), "float32")) for n in (3, 7, 5)]
    signature = (tf.TensorSpec((None, None, 2)), tf.TensorSpec((None, 1)))
    return {"x": tf.data.Dataset.from_generator(lambda: iter(parts), output_signature=signature)}


PLAIN, CLASSES = (
    compiled(m.sequential),
    compiled(lambda: m.sequential(units=3, activation="softmax"), None, "sparse_categorical_crossentropy"),
)
TEXTS = np.array(["a", "bb", "ccc", "dddd"] * 4)

ODD = {
    "an empty batch": (PLAIN, empty_batch),
    "one row": (PLAIN, arrays(X[:1], Y[:1])),
    "no rows": (PLAIN, arrays(X[:0], Y[:0])),
    "constant targets": (PLAIN, arrays(X, np.ones_like(Y))),
    "constant inputs": (PLAIN, arrays(np.zeros_like(X), Y)),
    "NaN in the inputs": (PLAIN, arrays(poisoned(np.nan))),
    "inf in the targets": (PLAIN, arrays(X, poisoned(np.inf, Y))),
    "huge inputs": (PLAIN, arrays(X * 1e30, Y)),
    "NaN weights of rows": (PLAIN, arrays(sample_weight=np.full(len(X), np.nan))),
    "all weights of rows 0": (PLAIN, arrays(sample_weight=np.zeros(len(X)))),
    "label out of range": (CLASSES, arrays(X, C + 7)),
    "label -1": (CLASSES, arrays(X, C - 1)),
    "targets of another shape": (PLAIN, arrays(X, np.ones((len(X), 3, 2)))),
    "targets of rank 1": (PLAIN, arrays(X, Y[:, 0])),
    "inputs of another shape": (PLAIN, arrays(X[:, :3], Y)),
    "y=None": (PLAIN, lambda: {"x": X}),
    "boolean targets": (compiled(m.sequential, None, "binary_crossentropy"), arrays(X, Y > 0)),
    "integer inputs": (PLAIN, arrays((X * 10).astype("int32"), Y)),
    "complex targets": (PLAIN, arrays(X, Y.astype("complex64"))),
    "ragged tensors": (compiled(ReadsRagged), ragged),
    "sparse tensors": (PLAIN, sparse),
    "strings": (compiled(ReadsStrings), lambda: {"x": tf.data.Dataset.from_tensor_slices((TEXTS, Y[:16])).batch(8)}),
    "numpy strings": (compiled(ReadsStrings), lambda: {"x": TEXTS, "y": Y[:16]}),
    "sequences of all lengths": (compiled(variable_length), lengths),
    "no loss": (compiled(m.sequential, None, None), arrays()),
    "all frozen": (compiled(all_frozen), arrays()),
    "all frozen, subclassed": (compiled(NoVariables), arrays()),
    "a train_step that updates nothing": (forwards_only(), arrays()),
    "a train_step that logs nothing": (compiled(ReturnsNothing), arrays()),
    "not compiled": (m.sequential, arrays()),
    "GAN": (m.gan, lambda: {"x": X, "batch_size": 16}),
    "a negative loss": (compiled(m.sequential, None, "cosine_similarity"), arrays()),
    "a loss of a user's function": (compiled(m.sequential, None, lambda y, p: keras.ops.mean((y - p) ** 4, axis=-1)), arrays()),
    "a loss that is NaN": (compiled(m.sequential, None, lambda y, p: keras.ops.sqrt(-keras.ops.abs(p) - 1)), arrays()),
    "learning rate 0": (compiled(m.sequential, lambda: keras.optimizers.SGD(0.0)), arrays()),
    "learning rate 1e30": (compiled(m.sequential, lambda: keras.optimizers.SGD(1e30)), arrays()),
    "learning rate NaN": (compiled(m.sequential, lambda: keras.optimizers.SGD(float("nan"))), arrays()),
    "0 epochs": (PLAIN, arrays(epochs=0)),
    "initial_epoch": (PLAIN, arrays(initial_epoch=3, epochs=5)),
}  # fmt: skip


@pytest.mark.parametrize("name", ODD)
def test_odd(name):
    """The run ends as it does without us, weights and logs alike or with the same error; and there is a report."""
    same(*ODD[name])


def test_data_that_runs_out():
    """Keras's own ending, when the data runs out before steps_per_epoch, is the same."""
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    report = same(PLAIN, lambda: {"x": data}, steps_per_epoch=7)
    assert len(report.record.series["batch_loss"]) in (5, 10)


def test_numbers_that_are_not_to_be_had_are_said_so():
    """A train_step without a loss gives no made-up loss, and the report says that it could not be checked."""
    report = same(*ODD["a train_step that updates nothing"])
    assert "batch_loss" not in report.record.series
    assert any("loss" in sentence for sentence in report.unchecked)


def test_a_gan_without_a_loss_has_no_nan():
    """A metric "loss" of Keras that a train_step never touches is no NaN loss."""
    report = same(*ODD["GAN"])
    assert "batch_loss" not in report.record.series
    assert "NaN" not in report.verdict
    assert np.isfinite(report.record.series["grad_norm"]).all()
