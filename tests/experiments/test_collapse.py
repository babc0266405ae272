"""Collapse: where rows become one point, and where they only seem alike."""

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
from lossdoctor.experiments.collapse import collapse, spread_of
from lossdoctor.experiments.passes import Passes


def chain(*inner, shape=(4,)):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input(shape), *inner])
    model.compile("sgd", loss="mse")
    return model


def three():
    return chain(
        layers.Dense(8, "relu", name="one"), layers.Dense(8, "relu", name="two"), layers.Dense(2, name="out")
    )


def rows(count=64):
    x = np.random.default_rng(0).normal(size=(count, 4)).astype("float32")
    return Sample(x, x[:, :2] + 3)


def against_start(model, change, sample=None):
    start = Passes(model, model.get_weights())
    change(model)
    with untouched(model):
        return collapse(Passes(model), start, sample or rows())


def test_nothing_changed():
    found = against_start(three(), lambda model: None)
    assert found["first"] is None and found["collapsed"] == [] and found["latents"] == []
    assert [e["ratio"] for e in found["layers"]] == pytest.approx([1, 1, 1]) and found[
        "ratio"
    ] == pytest.approx(1)
    assert [e["name"] for e in found["layers"]] == ["one", "two", "out"]
    json.dumps(found)


def test_the_first_dead_layer_is_named():
    def kill(model):
        model.get_layer("two").set_weights([np.zeros((8, 8)), -np.ones(8)])

    found = against_start(three(), kill)
    assert found["first"] == "two" and found["ratio"] == 0 and found["collapsed"] == ["two", "out"]
    assert found["outputs"][0]["targets"] == 0 and found["layers"][0]["ratio"] == pytest.approx(1)


def test_embeddings_that_became_one_point():
    """A large offset and a little of the rows: cosine 1."""

    def shrink(model):
        kernel, bias = model.get_layer("out").get_weights()
        model.get_layer("out").set_weights([1e-4 * kernel, bias + 1])

    found = against_start(three(), shrink)
    assert found["first"] == "out" and found["outputs"][0]["cosine"] > 0.999
    assert found["outputs"][0]["ratio"] == pytest.approx(1e-4, rel=0.01)


def test_near_miss_targets_far_from_zero():
    """Outputs 1000 +- 1 differ little against their size, but as much as the targets do."""

    def move(model):
        kernel, _ = model.get_layer("out").get_weights()
        model.get_layer("out").set_weights([kernel, np.full(2, 1e4)])

    found = against_start(three(), move)
    assert found["first"] is None and found["ratio"] == pytest.approx(1, rel=1e-3)
    assert found["outputs"][0]["spread"] < 1e-3


def test_near_miss_weights_that_shrank():
    """Weight decay makes all activations small, and leaves them as different as they were."""
    found = against_start(three(), lambda model: model.set_weights([1e-3 * w for w in model.get_weights()]))
    assert found["first"] is None and found["ratio"] == pytest.approx(1, rel=1e-3)


def test_near_miss_a_branch_that_died():
    inputs = keras.Input((4,))
    dead, alive = layers.Dense(4, "relu", name="dead")(inputs), layers.Dense(4, name="alive")(inputs)
    model = keras.Model(inputs, layers.Dense(2, name="out")(layers.Add()([dead, alive])))
    model.compile("sgd", loss="mse")
    found = against_start(model, lambda m: m.get_layer("dead").set_weights([np.zeros((4, 4)), -np.ones(4)]))
    assert found["collapsed"] == ["dead"] and found["first"] is None


def test_a_shared_layer_is_judged_by_all_its_calls():
    a, b, net = keras.Input((4,)), keras.Input((4,)), layers.Dense(3, "relu", name="embedding")
    flat = layers.Flatten(name="flat")
    out = layers.Dense(1, name="out")(layers.Subtract(name="apart")([net(flat(a)), net(flat(b))]))
    model = keras.Model([a, b], out)
    model.compile("sgd", loss="mse")
    x = np.random.default_rng(0).normal(size=(2, 64, 4)).astype("float32")
    sample = Sample((x[0], x[1]), np.zeros((64, 1)))
    kill = lambda m: m.get_layer("embedding").set_weights([np.zeros((4, 3)), np.ones(3)])  # noqa: E731
    found = against_start(model, kill, sample)
    assert found["first"] == "embedding"
    assert {"embedding", "embedding (2. call)"} <= set(found["collapsed"])


def test_one_point_from_the_start():
    model = three()
    model.set_weights([0 * w for w in model.get_weights()])
    found = against_start(model, lambda m: None)
    assert (
        found["ratio"] is None and found["outputs"][0]["spread"] == 0 and found["outputs"][0]["targets"] == 0
    )


def test_outputs_that_are_not_finite_say_so():
    model = three()
    found = against_start(model, lambda m: m.set_weights([np.nan * w for w in m.get_weights()]))
    assert found["outputs"][0]["nonfinite"] == 1.0


class Sampling(layers.Layer):
    """Adds random numbers of deviation one."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.seed_generator = keras.random.SeedGenerator(1)

    def call(self, mean):
        return mean + keras.random.normal(ops.shape(mean), seed=self.seed_generator)


def variational():
    return chain(layers.Dense(3, name="mean"), Sampling(name="z"), layers.Dense(4, name="decoder"))


def with_mean(scale):
    def change(model):
        model.get_layer("mean").set_weights([scale * np.eye(4, 3), np.zeros(3)])

    return change


def test_latents_that_carry_their_row():
    """Signal of deviation 2 in noise of deviation 1: half of log(1 + 4) nats in each of three numbers."""
    found = against_start(variational(), with_mean(2.0), rows(256))
    (latent,) = found["latents"]
    assert latent["name"] == "z" and latent["active"] == latent["width"] == 3
    assert latent["information"] == pytest.approx(1.5 * np.log(5), rel=0.15)
    assert found["first"] is None


def test_latents_that_carry_nothing():
    """The random numbers differ from row to row, the mean below them does not."""
    found = against_start(variational(), with_mean(0.01), rows(256))
    assert found["latents"] == [{"name": "z", "information": 0.0, "active": 0, "width": 3}]
    assert found["first"] == "z" and found["outputs"][0]["spread"] == 0


def test_dropout_is_no_latent():
    found = against_start(chain(layers.Dense(8), layers.Dropout(0.5), layers.Dense(2)), lambda model: None)
    assert found["latents"] == []


class Own(keras.Model):
    """Two outputs, batch normalisation, a recurrent layer and a loss of its own."""

    def __init__(self):
        super().__init__()
        self.norm, self.gru = layers.BatchNormalization(), layers.GRU(4, name="gru")
        self.one, self.two = layers.Dense(1), layers.Dense(2)

    def call(self, x, training=False):
        hidden = self.gru(self.norm(x, training=training))
        return {"one": self.one(hidden), "two": self.two(hidden)}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return ops.mean(y_pred["one"] ** 2) + ops.mean(y_pred["two"] ** 2)


def test_custom_loss_several_outputs_and_recurrent_layers():
    keras.utils.set_random_seed(0)
    model, x = Own(), np.random.default_rng(0).normal(size=(64, 5, 3)).astype("float32")
    model.compile("adam")
    model(x)
    start = Passes(model, model.get_weights())
    model.fit(x, epochs=1, verbose=0)
    with untouched(model):
        found, again = (collapse(Passes(model), start, Sample(x)) for _ in range(2))
    assert found == again
    assert len(found["outputs"]) == 2 and found["outputs"][0]["targets"] is None
    assert [e["name"] for e in found["layers"]].count("gru") == 1 and not any(
        "cell" in e["name"] for e in found["layers"]
    )


def test_spread_of_known_numbers():
    once = np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]])
    found = spread_of(once, once)
    assert found.spread == pytest.approx(np.sqrt(0.5)) and found.noise == pytest.approx(0, abs=1e-12)
    assert found.dimensions == pytest.approx(2) and found.cosine == pytest.approx(-1 / 3)


def test_too_few_rows():
    with pytest.raises(ValueError, match="too few"):
        against_start(three(), lambda model: None, rows(4))
