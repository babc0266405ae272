"""Row losses: each row's part, shares of the worst, and losses that belong to batches."""

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
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.row_losses import row_losses, share_of_worst, summary, worst_rows


def identity(loss, shape=(1,)):
    """A model that gives its input, with a loss."""
    inputs = keras.Input(shape)
    model = keras.Model(inputs, layers.Dense(shape[-1], use_bias=False, name="out")(inputs))
    model.compile("sgd", loss=loss)
    model.get_layer("out").set_weights([np.eye(shape[-1], dtype="float32")])
    return model


def numbers(count=64, columns=1):
    return np.random.default_rng(0).normal(size=(count, columns)).astype("float32")


def scalar(y, p):
    return ops.mean(ops.square(y - p))


def summed(y, p):
    return ops.sum(ops.square(y - p))


@pytest.mark.parametrize(("loss", "combined"), [("mse", "mean"), (scalar, "mean"), (summed, "sum")])
def test_losses_of_rows_are_known(loss, combined):
    x = numbers()
    found = row_losses(Passes(identity(loss)), Sample(x, np.zeros_like(x)))
    assert found["separable"] and found["combined"] == combined and found["nonfinite"] == []
    np.testing.assert_allclose(found["losses"], x[:, 0] ** 2, rtol=1e-3, atol=1e-6)
    json.dumps(found)


def test_sample_weights_are_in_them():
    x, weight = numbers(), np.linspace(0, 2, 64).astype("float32")
    found = row_losses(Passes(identity("mse")), Sample(x, np.zeros_like(x), weight))
    np.testing.assert_allclose(found["losses"], weight * x[:, 0] ** 2, rtol=1e-3, atol=1e-6)


def test_one_row_that_carries_the_loss():
    x = numbers(200)
    x[7] = 100
    found = row_losses(Passes(identity("mse")), Sample(x, np.zeros_like(x)))
    assert found["worst_1"] > 0.95 and int(np.argmax(found["losses"])) == 7


def test_near_miss_no_row_carries_the_loss():
    found = row_losses(Passes(identity("mse")), Sample(numbers(200), np.zeros((200, 1))))
    assert found["worst_1"] < 0.15 and found["worst_5"] < 0.4


@pytest.mark.parametrize("loss", ["mse", scalar])
def test_rows_whose_loss_is_not_finite(loss):
    x = numbers()
    y = np.zeros_like(x)
    y[3], y[5] = np.nan, np.inf
    found = row_losses(Passes(identity(loss)), Sample(x, y))
    assert found["nonfinite"] == [3, 5] and found["separable"]
    assert math.isfinite(found["losses"][4])


def test_all_rows_not_finite():
    found = row_losses(Passes(identity("mse")), Sample(numbers(), np.full((64, 1), np.nan)))
    assert len(found["nonfinite"]) == 64


def neighbours(y, p):
    """Each row against the next one of the batch."""
    return ops.mean(ops.square(p - ops.roll(p, 1, axis=0)), axis=-1)


def spread(y, p):
    """One number: the rows against their mean."""
    return ops.mean(ops.square(p - ops.mean(p, axis=0)))


@pytest.mark.parametrize("loss", [neighbours, spread])
def test_a_loss_that_needs_a_batch_is_noticed(loss):
    found = row_losses(Passes(identity(loss)), Sample(numbers(), np.zeros((64, 1))))
    assert not found["separable"] and found["losses"] == [] and math.isnan(found["worst_1"])


def test_padding_counts_in_no_row():
    inputs = keras.Input((5, 1))
    model = keras.Model(inputs, layers.Dense(1, name="out", use_bias=False)(layers.Masking()(inputs)))
    model.compile("sgd", loss="mse")
    model.get_layer("out").set_weights([np.ones((1, 1))])
    x = np.ones((64, 5, 1), "float32")
    x[::2, 2:] = 0  # every other row has two steps instead of five
    y = np.where(x == 0, 1000.0, 0.0)
    found = row_losses(Passes(model), Sample(x, y))
    assert found["separable"]
    assert np.mean(found["losses"]) == pytest.approx(found["loss"], rel=1e-3) == 1.0
    assert found["losses"][1] / found["losses"][0] == pytest.approx(5 / 2, rel=1e-3)


def test_class_scores_with_their_logits():
    inputs = keras.Input((3,))
    model = keras.Model(inputs, layers.Softmax()(inputs))
    model.compile("sgd", loss="sparse_categorical_crossentropy")
    x = np.tile(np.array([[50.0, 0, 0]], "float32"), (16, 1))
    y = np.array([0] * 15 + [1])
    found = row_losses(Passes(model), Sample(x, y))
    assert found["losses"][0] == pytest.approx(0, abs=1e-5) and found["losses"][15] > 15
    assert found["worst_1"] == pytest.approx(1, rel=1e-3)


class Own(keras.Model):
    """Two outputs, batch normalisation, dropout and a loss of its own, which takes no weights."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop = layers.BatchNormalization(), layers.Dropout(0.5)
        self.one, self.two = layers.Dense(1), layers.Dense(2)

    def call(self, x, training=False):
        hidden = self.drop(self.norm(x, training=training), training=training)
        self.add_loss(ops.mean(hidden**2))
        return {"one": self.one(hidden), "two": self.two(hidden)}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        own = ops.mean((y["one"] - y_pred["one"]) ** 2) + ops.mean(ops.abs(y["two"] - y_pred["two"]))
        return own + sum(self.losses)


def test_custom_loss_and_several_outputs():
    keras.utils.set_random_seed(0)
    x = numbers(200, 3)
    sample = Sample(x, {"one": x[:, :1], "two": x[:, 1:]})
    model = Own()
    model.compile("adam")
    model.fit(x, sample.y, epochs=1, verbose=0)
    passes = Passes(model)
    with untouched(model):
        found, again = (row_losses(passes, sample) for _ in range(2))
        worst = worst_rows(passes, sample, found["losses"], 3)
    assert found == again and found["separable"] and found["rows"] == 128
    made = keras.tree.map_structure(ops.convert_to_numpy, model(x[:128]))
    known = ((made["one"] - x[:128, :1]) ** 2).mean(1) + np.abs(made["two"] - x[:128, 1:]).mean(1)
    np.testing.assert_allclose(found["losses"], known, rtol=1e-3)
    assert [w["row"] for w in worst] == np.argsort(-known)[:3].tolist()
    assert len(worst[0]["output"]) == 2 and worst[0]["input"][0]["shape"] == [3]
    json.dumps(worst)


def test_worst_rows_are_capped():
    x = numbers(32, 50)
    losses = np.arange(32.0)
    losses[4] = np.nan
    found = worst_rows(Passes(identity("mse", (50,))), Sample(x, np.zeros_like(x)), losses, 2)
    assert [w["row"] for w in found] == [4, 31]
    shown = found[1]["input"][0]
    assert (
        len(shown["first"]) == 8
        and shown["low"] == pytest.approx(float(x[31].min()))
        and shown["nonfinite"] == 0
    )


def test_summaries_of_texts_and_numbers():
    assert summary(np.array([["a"], ["b"]]), 1) == [{"shape": [1], "values": ["b"]}]
    assert summary({"k": np.array([1, 2])}, 0) == [{"shape": [], "values": [1]}]
    assert summary(None, 0) == []


def test_shares():
    assert share_of_worst(np.ones(100), 0.05) == pytest.approx(0.05)
    assert share_of_worst(np.array([-1.0, 0.0, 3.0]), 0.01) == pytest.approx(0.8)
    assert math.isnan(share_of_worst(np.zeros(3), 0.01)) and math.isnan(share_of_worst(np.zeros(0), 0.01))


def test_too_few_rows():
    with pytest.raises(ValueError, match="too few"):
        row_losses(Passes(identity("mse")), Sample(numbers(4), np.zeros((4, 1))))
