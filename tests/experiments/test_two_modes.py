"""Two modes: the gap between training and inference mode, and the layer that makes it."""

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
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.two_modes import accuracy, noise_layers, two_modes


def rows(count=256, seed=0, offset=0.0):
    rng = np.random.default_rng(seed)
    x = (rng.normal(size=(count, 4)) + offset).astype("float32")
    return Sample(x, (x[:, :1] - offset > 0).astype("float32"))


def net(*inner, loss="mse", width=4):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((width,)), *inner])
    model.compile(keras.optimizers.SGD(0.1), loss=loss)
    return model


def test_without_noise_and_statistics_both_modes_are_the_same():
    found = two_modes(Passes(net(layers.Dense(8, "relu"), layers.Dense(1))), rows(), 32)
    assert found["training_loss"] == pytest.approx(found["inference_loss"], rel=1e-5)
    assert found["explains"] == "nothing" and found["layers"] == [] and found["noise_layers"] == 0
    json.dumps(found)


def test_statistics_that_no_update_has_touched_explain_the_gap():
    """Inputs at 10 +- 1: in inference mode the layer still takes off nothing."""
    model = net(layers.BatchNormalization(name="norm"), layers.Dense(1, name="out"))
    model.get_layer("out").set_weights([np.array([[1.0], [0], [0], [0]]), np.zeros(1)])
    sample = rows(offset=10.0)
    with untouched(model):
        found = two_modes(Passes(model), sample, 256)
    # The output is x: (10 + z - y)^2 in inference mode, (z - y)^2 in training mode.
    assert found["inference_loss"] == pytest.approx(np.mean((sample.x[:, :1] - sample.y) ** 2), rel=1e-2)
    assert found["training_loss"] < 1.0
    assert found["inference_loss_with_batch_statistics"] == pytest.approx(found["training_loss"], rel=1e-3)
    assert found["explains"] == "statistics"
    (layer,) = found["layers"]
    assert layer["layer"] == "norm" and layer["unchanged"] and not layer["frozen"]
    assert layer["momentum"] == pytest.approx(0.99) and layer["updates_needed"] == pytest.approx(100)
    assert layer["mean_distance"] == pytest.approx(10, rel=0.1)
    assert layer["variance_ratio"] == pytest.approx(1, rel=0.1)


def test_the_layer_whose_statistics_are_off_is_named():
    model = net(
        layers.BatchNormalization(name="sound"), layers.Dense(4, name="inner"),
        layers.BatchNormalization(name="lagging"), layers.Dense(1, name="out"),
    )  # fmt: skip
    sample = rows()
    model.get_layer("sound").set_weights(
        [*model.get_layer("sound").get_weights()[:2], sample.x.mean(0), sample.x.var(0)]
    )
    model.get_layer("inner").set_weights([20 * np.eye(4), np.full(4, 50.0)])
    found = two_modes(Passes(model), sample, 64)
    first, second = found["layers"]
    assert first["layer"] == "lagging" and second["layer"] == "sound"
    assert first["loss"] == pytest.approx(found["inference_loss_with_batch_statistics"], rel=1e-3)
    assert second["loss"] == pytest.approx(found["inference_loss"], rel=1e-3)
    assert second["distance"] < 1e-3 < 1 < first["distance"]


def test_dropout_differs_from_statistics():
    model = net(layers.Dense(64), layers.Dropout(0.8), layers.Dense(1))
    with untouched(model):
        found = two_modes(Passes(model), rows(), 32)
    assert found["training_loss"] > 1.2 * found["inference_loss"]
    assert found["training_loss_without_dropout"] == pytest.approx(found["inference_loss"], rel=1e-5)
    assert found["explains"] == "dropout" and found["noise_layers"] == 1


def test_tiny_batches_differ_from_lag():
    """The layer's statistics are those of all rows, with which the model is perfect; batches of two have their own."""
    model = net(layers.BatchNormalization(name="norm", epsilon=1e-6), layers.Dense(1, name="out"))
    x = rows().x
    model.get_layer("norm").set_weights([np.ones(4), np.zeros(4), x.mean(0), x.var(0)])
    model.get_layer("out").set_weights([np.array([[1.0], [0], [0], [0]]), np.zeros(1)])
    found = two_modes(Passes(model), Sample(x, (x[:, :1] - x[:, :1].mean()) / x[:, :1].std()), 2)
    assert found["inference_loss"] == pytest.approx(0, abs=1e-5) and found["training_loss"] > 0.1
    assert found["explains"] == "batch" and found["batch_size"] == 2
    assert found["layers"][0]["distance"] < 0.5


def test_a_sound_run_has_no_gap_that_counts():
    model = net(
        layers.Dense(8, "relu"),
        layers.BatchNormalization(momentum=0.9),
        layers.Dense(1, "sigmoid"),
        loss="binary_crossentropy",
    )
    sample = rows()
    model.fit(sample.x, sample.y, epochs=20, batch_size=32, verbose=0)
    found = two_modes(Passes(model), sample, 32)
    assert found["inference_loss"] < 1.3 * found["training_loss"]
    assert found["inference_accuracy"] > 0.9
    assert found["layers"][0]["distance"] < 0.3


class Always(keras.Model):
    """A frozen layer, and one whose training mode was left on."""

    def __init__(self):
        super().__init__()
        self.always, self.frozen = (
            layers.BatchNormalization(name="always"),
            layers.BatchNormalization(name="frozen"),
        )
        self.frozen.trainable, self.dense = False, layers.Dense(1)

    def call(self, x, training=False):
        return self.dense(self.frozen(self.always(x, training=True), training=training))


def test_layers_that_are_frozen_or_always_in_training_mode_are_named():
    model = Always()
    model.compile("sgd", loss="mse")
    model(np.zeros((2, 4), "float32"))
    facts = {e["layer"]: e for e in two_modes(Passes(model), rows(), 32)["layers"]}
    assert facts["always"]["always_training"] and not facts["frozen"]["always_training"]
    assert facts["frozen"]["frozen"] and not facts["always"]["frozen"]


class Halves(keras.Model):
    """Two outputs, a loss of its own and a penalty."""

    def __init__(self):
        super().__init__()
        self.norm, self.drop = layers.BatchNormalization(), layers.Dropout(0.5)
        self.one, self.two = layers.Dense(1), layers.Dense(2)

    def call(self, x, training=False):
        hidden = self.drop(self.norm(x["a"], training=training), training=training)
        self.add_loss(ops.mean(hidden**2))
        return {"one": self.one(hidden), "two": self.two(hidden)}

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        return (
            ops.mean((y["one"] - y_pred["one"]) ** 2)
            + 2 * ops.mean((y["two"] - y_pred["two"]) ** 2)
            + sum(self.losses)
        )


def test_custom_loss_several_outputs_and_training_by_position():
    keras.utils.set_random_seed(0)
    model, sample = Halves(), rows()
    model.compile("adam")
    data = Sample({"a": sample.x + 3}, {"one": sample.y, "two": np.concatenate([sample.y, -sample.y], 1)})
    model.fit(data.x, data.y, epochs=1, verbose=0)
    with untouched(model):
        found, again = (two_modes(Passes(model), data, 32) for _ in range(2))
    assert found == again
    assert found["noise_layers"] == 1 and len(found["layers"]) == 1
    quiet, whole = found["training_loss_without_dropout"], found["inference_loss_with_batch_statistics"]
    assert quiet == pytest.approx(whole, rel=0.1) and found["inference_loss"] > 1.5 * whole


def test_dropout_within_recurrent_layers_is_noise():
    model = keras.Sequential(
        [keras.Input((5, 3)), layers.LSTM(8, dropout=0.5), layers.Dropout(0.0), layers.Dense(1)]
    )
    model.compile(loss="mse")
    rng = np.random.default_rng(0)
    sample = Sample(rng.normal(size=(64, 5, 3)).astype("float32"), rng.normal(size=(64, 1)))
    found = two_modes(Passes(model), sample, 32)
    assert found["training_loss_without_dropout"] == pytest.approx(found["inference_loss"], rel=1e-4)
    assert found["training_loss"] != pytest.approx(found["inference_loss"], rel=1e-4)
    assert len(noise_layers(model)) >= 1


def test_masked_steps_are_not_in_the_statistics():
    model = keras.Sequential(
        [keras.Input((6, 2)), layers.Masking(), layers.BatchNormalization(name="norm"), layers.Dense(1)]
    )
    model.compile(loss="mse")
    x = np.random.default_rng(0).normal(5, 1, (64, 6, 2)).astype("float32")
    x[:, 3:] = 0
    (layer,) = two_modes(Passes(model), Sample(x, np.zeros((64, 6, 1))), 64)["layers"]
    assert layer["mean_distance"] == pytest.approx(5, rel=0.1)


def test_more_normalisation_layers_than_are_tried_alone():
    model = net(*[layers.BatchNormalization() for _ in range(10)], layers.Dense(1))
    found = two_modes(Passes(model), rows(offset=10.0), 64)
    assert [e["loss"] is None for e in found["layers"]] == [False] * 8 + [True] * 2
    # Where all of them together make no difference, none is tried alone.
    x = rows().x
    found = two_modes(Passes(model), Sample((x - x.mean(0)) / x.std(0), rows().y), 64)
    assert len(found["layers"]) == 10 and all(e["loss"] is None for e in found["layers"])


def test_accuracy_only_of_classes():
    p = np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4], [0.3, 0.7]])
    assert accuracy(np.array([0, 1, 1, 1]), [p]) == 0.75
    assert accuracy(np.array([1.5, 2.25, 3.0, 0.1]), [p[:, :1]]) is None
    assert accuracy(np.array([3, 4, 3, 4]), [p[:, :1]]) is None
    assert accuracy(None, [p]) is None


class OneMode(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)


def test_what_cannot_be_made():
    with pytest.raises(ValueError, match="too few"):
        two_modes(Passes(net(layers.Dense(1))), rows(4), 2)
    model = OneMode()
    model.compile(loss="mse")
    model.build((None, 4))
    with pytest.raises(ValueError, match="one mode"):
        two_modes(Passes(model), rows(), 32)
