"""Use of inputs: what the loss owes to each input."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
from keras import layers, ops

sys.path.insert(0, str(Path(__file__).parent))
from untouched import untouched

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.input_use import derangement, input_names, input_use, typical_row
from lossdoctor.experiments.passes import Passes


def two_inputs(weights, loss="mse"):
    """The output is weights[0] * a + weights[1] * b + 1."""
    a, b = keras.Input((1,), name="a"), keras.Input((1,), name="b")
    joined = layers.Concatenate()([a, b])
    model = keras.Model({"a": a, "b": b}, layers.Dense(1, name="out")(joined))
    model.compile("sgd", loss=loss)
    model.get_layer("out").set_weights([np.array(weights, "float32").reshape(2, 1), np.ones(1)])
    return model


def rows(count=256):
    rng = np.random.default_rng(0)
    x = {name: rng.normal(size=(count, 1)).astype("float32") for name in "ab"}
    return Sample(x, x["a"] + 1)


def test_the_rise_of_a_perfect_model_is_known():
    """y = a + 1: permuted, the error is the difference of two rows, 2 var(a); with the mean, var(a)."""
    sample, model = rows(), two_inputs([1, 0])
    with untouched(model):
        found = input_use(Passes(model), sample)
    variance = float(sample.x["a"].var())
    assert found["loss"] == pytest.approx(0, abs=1e-9)
    assert found["permuted"]["rise"] == pytest.approx(2 * variance, rel=0.2)
    assert found["typical"]["rise"] == pytest.approx(variance, rel=1e-3)
    assert 0 < found["permuted"]["error"] < 0.2 * found["permuted"]["rise"]
    assert found["typical"]["output_change"] == pytest.approx(1, rel=1e-3)
    json.dumps(found)


def test_an_input_that_is_ignored_shows():
    used, ignored = input_use(Passes(two_inputs([1, 0])), rows())["inputs"]
    assert used["input"] == "a" and used["permuted"]["rise"] > 1
    assert ignored["input"] == "b" and ignored["permuted"]["rise"] == pytest.approx(0, abs=1e-7)
    assert ignored["permuted"]["output_change"] == pytest.approx(0, abs=1e-6)


def test_a_model_that_ignores_all_inputs_shows():
    found = input_use(Passes(two_inputs([0, 0])), rows())
    assert found["permuted"]["rise"] == pytest.approx(0, abs=1e-6)
    assert found["permuted"]["output_change"] is None


def test_inputs_that_move_the_outputs_without_use():
    """b says nothing of the target: the outputs change, the loss does not."""
    found = input_use(Passes(two_inputs([0, 0.5])), rows())
    assert found["permuted"]["output_change"] > 1
    assert abs(found["permuted"]["rise"]) < 3 * found["permuted"]["error"]


def test_masks_travel_with_the_outputs():
    """Padding counts in no loss, also where rows of the outputs are exchanged."""
    inputs = keras.Input((5, 1))
    model = keras.Model(inputs, layers.Dense(1, name="out")(layers.Masking()(inputs)))
    model.compile("sgd", loss="mse")
    model.get_layer("out").set_weights([np.ones((1, 1)), np.zeros(1)])
    x = np.random.default_rng(0).normal(size=(64, 5, 1)).astype("float32")
    x[:, 2:] = 0
    y = x.copy()
    y[:, 2:] = 1000
    found = input_use(Passes(model), Sample(x, y))
    assert found["loss"] == pytest.approx(0, abs=1e-6) and 0.5 < found["permuted"]["loss"] < 10


def test_probabilities_at_the_edge_cost_what_their_logits_do():
    inputs = keras.Input((1,))
    model = keras.Model(inputs, layers.Dense(1, "sigmoid", name="out")(inputs))
    model.compile("sgd", loss="binary_crossentropy")
    model.get_layer("out").set_weights([np.full((1, 1), 100.0), np.zeros(1)])
    x = np.sign(np.random.default_rng(0).normal(size=(64, 1))).astype("float32")
    found = input_use(Passes(model), Sample(x, (x > 0).astype("float32")))
    if keras.backend.backend() == "tensorflow":  # logits stay beside the output: 100 for each wrong row
        assert found["permuted"]["loss"] > 30


class Own(keras.Model):
    """Two outputs, sample weights and a loss of its own."""

    def __init__(self):
        super().__init__()
        self.one, self.two = layers.Dense(1), layers.Dense(1)

    def call(self, x):
        return self.one(x[0]), self.two(x[1])

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        errors = ops.square(y[0] - y_pred[0]) + ops.square(y[1] - y_pred[1])
        return ops.mean(errors[:, 0] * keras.tree.flatten(sample_weight)[0])


def test_custom_loss_several_outputs_and_weights():
    keras.utils.set_random_seed(0)
    x = [np.random.default_rng(i).normal(size=(128, 2)).astype("float32") for i in range(2)]
    y = [2 * x[0][:, :1], -x[1][:, 1:]]
    model, weight = Own(), np.ones(128, "float32")
    model.compile(keras.optimizers.Adam(0.1))
    model.fit((x[0], x[1]), (y[0], y[1]), sample_weight=weight, epochs=20, verbose=0)
    with untouched(model):
        found, again = (
            input_use(Passes(model), Sample((x[0], x[1]), (y[0], y[1]), weight)) for _ in range(2)
        )
    assert found == again
    first, second = found["inputs"]
    assert first["permuted"]["rise"] > 3 * second["permuted"]["rise"] > 1


def test_typical_rows():
    assert typical_row(np.array([[1.0, np.nan], [3.0, 4.0]], "float32")).tolist() == [[2.0, 4.0]]
    assert typical_row(np.array([[1, 5], [1, 6], [2, 6]])).tolist() == [[1, 6]]
    assert typical_row(np.array([["a"], ["b"], ["b"]])).tolist() == [["b"]]


def test_no_row_stays_in_its_place():
    for count in (2, 3, 50):
        order = derangement(count, np.random.default_rng(count))
        assert sorted(order) == list(range(count)) and (order != np.arange(count)).all()


def test_names_of_inputs():
    assert input_names(object(), {"b": np.zeros(1), "a": np.zeros(1)}) == ["a", "b"]
    assert input_names(object(), (np.zeros(1), np.zeros(1))) == ["input 1", "input 2"]


class Recomputed(keras.Model):
    """Its loss takes no notice of the outputs that it is given."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(ops.square(self.dense(x) - y))


def test_what_cannot_be_made():
    with pytest.raises(ValueError, match="too few"):
        input_use(Passes(two_inputs([1, 0])), rows(8))
    model = Recomputed()
    model.compile("sgd")
    model(np.zeros((1, 2), "float32"))
    with pytest.raises(ValueError, match="does not depend"):
        input_use(Passes(model), Sample(np.zeros((32, 2), "float32"), np.zeros((32, 1))))
    sample = rows()
    sample.y[0] = np.nan
    with pytest.raises(ValueError, match="not finite"):
        input_use(Passes(two_inputs([1, 0])), sample)
