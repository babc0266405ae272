"""Infeasible rows: targets that no output can reach, and rows that are only badly predicted."""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

sys.path.insert(0, str(Path(__file__).parent))
from untouched import untouched

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.infeasible_rows import infeasible_rows
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.row_losses import row_losses
from lossdoctor.record import Output


def model_of(loss, *inner, shape=(3,)):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(shape), *inner])
    model.compile("sgd", loss=loss)
    return model


def tried(model, sample, outputs=()):
    passes = Passes(model)
    losses = row_losses(passes, sample)["losses"]
    with untouched(model):
        found, again = (infeasible_rows(passes, sample, losses, outputs) for _ in range(2))
    assert found == again
    json.dumps(found)
    return found


def numbers(count=64, columns=3):
    return np.random.default_rng(0).normal(size=(count, columns)).astype("float32")


@pytest.mark.parametrize(
    ("loss", "activation", "y"),
    [
        ("mse", None, lambda x: x[:, :1]),
        ("mae", "tanh", lambda x: np.tanh(x[:, :1])),
        ("binary_crossentropy", "sigmoid", lambda x: (x[:, :1] > 0) * 1.0),
        ("sparse_categorical_crossentropy", "softmax", lambda x: np.zeros(len(x), int)),
        ("poisson", "exponential", lambda x: np.round(np.exp(x[:, :1]))),
    ],
)
def test_near_miss_rows_that_are_only_badly_predicted(loss, activation, y):
    x = numbers()
    width = 3 if activation == "softmax" else 1
    found = tried(model_of(loss, layers.Dense(width, activation)), Sample(x, y(x)))
    assert found["infeasible"] == []


def test_near_miss_an_outlier_can_be_reached():
    x = numbers()
    y = x[:, :1].copy()
    y[5] = 1000
    found = tried(model_of("mse", layers.Dense(1)), Sample(x, y))
    assert found["rows"][0]["row"] == 5 and found["rows"][0]["lowest"] < 0.01 * found["rows"][0]["loss"]
    assert found["infeasible"] == []


def test_near_miss_confident_and_wrong():
    """The loss is flat where the row stands: probability 0, clipped, without its logits."""
    x = numbers()
    y = np.eye(3, dtype="float32")[x.argmax(1)]

    def clipped(y, p):
        return -ops.sum(y * ops.log(ops.clip(p, 1e-7, 1.0)), axis=-1)

    model = model_of(clipped, layers.Dense(3, "softmax", name="out"))
    model.get_layer("out").set_weights([30 * np.eye(3), np.zeros(3)])
    y[4] = np.roll(y[4], 1)
    assert tried(model, Sample(x, y))["infeasible"] == []


def test_targets_beyond_the_activation():
    x = numbers()
    y = np.random.default_rng(1).uniform(0.2, 0.8, (64, 1)).astype("float32")
    y[7], y[9] = 5, -3
    model = model_of("mse", layers.Dense(1, "sigmoid"))
    found = tried(model, Sample(x, y), [Output("out", units=1, activations=("sigmoid",))])
    assert sorted(found["infeasible"]) == [7, 9]
    assert found["rows"][0]["lowest"] == pytest.approx(16, rel=0.05)


def test_targets_beyond_an_activation_without_logits():
    x = numbers()
    y = np.random.default_rng(1).uniform(-0.8, 0.8, (64, 1)).astype("float32")
    y[7] = 9  # wherever the output begins, most of the way stays
    found = tried(
        model_of("mse", layers.Dense(1, "tanh")),
        Sample(x, y),
        [Output("out", units=1, activations=("tanh",))],
    )
    assert found["infeasible"] == [7] and found["rows"][0]["lowest"] == pytest.approx(64, rel=0.01)


def test_the_logarithm_of_a_target_that_is_zero():
    x = numbers()
    y = np.full((64, 1), 0.5, "float32")
    y[3] = 0

    def relative(y, p):
        return ops.square(ops.log(y) - p)

    found = tried(model_of(relative, layers.Dense(1)), Sample(x, y))
    assert found["infeasible"] == [3] and math.isinf(found["rows"][0]["loss"])


def test_more_letters_than_frames():
    """Six frames, labels of three letters; two rows repeat one letter, which takes a blank more each time."""
    x = numbers(64, 6 * 4).reshape(64, 6, 4)
    rng = np.random.default_rng(0)
    y = np.array([[*rng.permutation([1, 2, 3]).tolist(), 0, 0] for _ in range(64)])
    y[11], y[30] = [2, 2, 2, 2, 2], [3, 3, 3, 3, 1]
    model = model_of("ctc", layers.Dense(4), shape=(6, 4))
    found = tried(model, Sample(x, y))
    assert sorted(found["infeasible"]) == [11, 30]


def test_near_miss_weights_and_smoothing_have_floors():
    x = numbers()
    y = np.eye(3, dtype="float32")[x.argmax(1)]
    weight = np.ones(64, "float32")
    weight[:6] = 20
    model = model_of(keras.losses.CategoricalCrossentropy(label_smoothing=0.2), layers.Dense(3, "softmax"))
    model.fit(x, y, epochs=3, verbose=0)
    assert tried(model, Sample(x, y, weight))["infeasible"] == []


class Own(keras.Model):
    """Two outputs, batch normalisation, dropout and a loss of its own that is infinite for a zero target."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop = layers.BatchNormalization(), layers.Dropout(0.5)
        self.one, self.two = layers.Dense(1), layers.Dense(2)

    def call(self, x, training=False):
        hidden = self.drop(self.norm(x, training=training), training=training)
        return {"one": self.one(hidden), "two": self.two(hidden)}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(((y["one"] - y_pred["one"]) / y["one"]) ** 2) + ops.mean(
            (y["two"] - y_pred["two"]) ** 2
        )


def test_custom_loss_and_several_outputs():
    x = numbers()
    y = {"one": np.abs(x[:, :1]) + 0.5, "two": x[:, 1:]}
    y["one"][6] = 0
    model = Own()
    model.compile("adam")
    model(x)
    assert tried(model, Sample(x, y))["infeasible"] == [6]


def test_what_cannot_be_made():
    x = numbers()
    model = model_of("mse", layers.Dense(1))
    with pytest.raises(ValueError, match="too few"):
        infeasible_rows(Passes(model), Sample(x, x[:, :1]), [1.0] * 4)
    with pytest.raises(ValueError, match="no row"):
        infeasible_rows(Passes(model), Sample(x, x[:, :1]), [math.nan] * 64)
