"""Small seeded runs for the tests of the PyTorch backend: models, data, and all of a model's state."""

from __future__ import annotations

import keras
import numpy as np

ROWS, BATCH = 70, 16  # a ragged last batch of 6
QUIET = {"batch_size": BATCH, "shuffle": False, "verbose": 0}


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 5)).astype("float32")
    return x, (x[:, :1] ** 2 + x[:, 1:2]).astype("float32")


def dense(optimizer=None, **compile_arguments):
    """A small MLP with an L2 penalty and momentum."""
    keras.utils.set_random_seed(3)
    penalty = keras.regularizers.L2(0.01)
    layers = [keras.layers.Dense(8, activation="tanh", kernel_regularizer=penalty), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((5,)), *layers])
    model.compile(optimizer or keras.optimizers.SGD(0.1, momentum=0.5), "mse", **compile_arguments)
    return model


def noisy(optimizer=None, *, seed=9, **compile_arguments):
    """BatchNormalization, dropout, an activity penalty and a metric: everything that a step changes besides weights."""
    keras.utils.set_random_seed(4)
    model = keras.Sequential([
        keras.Input((5,)),
        keras.layers.Dense(16, activity_regularizer=keras.regularizers.L1(1e-3)),
        keras.layers.BatchNormalization(),
        keras.layers.ReLU(),
        keras.layers.Dropout(0.3, seed=seed),  # without one it draws from torch's own generator
        keras.layers.Dense(1),
    ])  # fmt: skip
    model.compile(optimizer or keras.optimizers.Adam(0.01), "mse", metrics=["mae"], **compile_arguments)
    return model


def state_of(model):
    """Everything that a fit leaves in a model: (name, value) of each variable."""
    return [(v.name, keras.ops.convert_to_numpy(v)) for v in [*model.variables, *model.optimizer.variables]]


def assert_same(one, other):
    """Both states are equal to the last bit."""
    assert len(one) == len(other)
    pairs = zip(one, other, strict=True)
    different = [a[0] for a, b in pairs if not np.array_equal(a[1], b[1], equal_nan=True)]
    assert not different, different


def left_by(error, model, *args, **kwargs):
    """A fit that raises `error`. pytest.raises would hold its frame, and with it the running fit."""
    try:
        model.fit(*args, **kwargs)
    except error as raised:
        return str(raised)
    raise AssertionError("fit did not raise")


class OwnStep(keras.Model):
    """A train_step as Keras's guide writes it for PyTorch, with an own compute_loss."""

    def __init__(self):
        super().__init__()
        self.inner = keras.layers.Dense(4, activation="tanh")
        self.outer = keras.layers.Dense(1)

    def call(self, x, training=False):
        return self.outer(self.inner(x))

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return 2.0 * keras.ops.mean(keras.ops.square(y - y_pred))

    def train_step(self, data):
        import torch  # not installed where Keras runs on something else

        x, y = data[:2]
        made = self(x, training=True)
        self.zero_grad()
        loss = self.compute_loss(y=y, y_pred=made)
        loss.backward()
        weights = list(self.trainable_weights)
        with torch.no_grad():
            self.optimizer.apply([v.value.grad for v in weights], weights)
        seen = next(m for m in self.metrics if m.name == "loss")
        seen.update_state(loss)
        return {"loss": seen.result()}
