"""Whether outputs depend on other rows or on the future."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.independence import CHANGED, independence
from lossdoctor.experiments.passes import Passes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 6)).astype("float32")
STEPS = RNG.normal(size=(32, 8, 3)).astype("float32")
TOKENS = RNG.integers(1, 30, size=(32, 8))


def found(x, *stack, **kind):
    model = keras.Sequential([keras.Input(x.shape[1:], **kind), *stack])
    before = [np.array(v) for v in model.variables]
    result = independence(Passes(model), Sample(x))
    assert result == independence(Passes(model), Sample(x))
    assert all(np.array_equal(a, np.array(v)) for a, v in zip(before, model.variables, strict=True))
    return result


@pytest.mark.parametrize(
    "leak",
    [
        lambda t: t - ops.mean(t, 0, keepdims=True),
        lambda t: ops.softmax(t, 0),
        lambda t: ops.transpose(ops.reshape(t, (6, -1))),
    ],
)
def test_rows_that_mix(leak):
    """A mean over the batch, a softmax over its axis, a reshape in place of a transpose."""
    result = found(X, layers.Lambda(leak, output_shape=(6,)), layers.Dense(2))
    assert result["share_inference"] > 0.3 and result["share_training"] > 0.3


@pytest.mark.parametrize(
    "behind", [layers.Dropout(0.3), layers.LayerNormalization(), layers.GaussianNoise(0.1)]
)
def test_rows_that_do_not(behind):
    """Neither mode mixes rows; the same random numbers are drawn twice."""
    result = found(X, layers.Dense(4), behind, layers.Dense(2))
    assert result["rows_inference"] < CHANGED and result["rows_training"] < CHANGED
    assert result["own"] > 0.1 and result["future"] is None


def test_batch_normalization_mixes_in_training_by_design():
    """Its training mode is not judged, its inference mode is independent."""
    result = found(X, layers.Dense(4), layers.BatchNormalization(), layers.Dense(2))
    assert result["rows_training"] is None and result["rows_inference"] < CHANGED


@pytest.mark.parametrize(
    ("layer", "leaks"),
    [
        (lambda: layers.Conv1D(4, 3, padding="causal"), False),
        (lambda: layers.Conv1D(4, 3, padding="same"), True),
        (lambda: layers.GRU(4, return_sequences=True), False),
        (lambda: layers.Bidirectional(layers.GRU(4, return_sequences=True)), True),
    ],
)
def test_future(layer, leaks):
    """Later steps move earlier outputs where a layer sees both sides."""
    for result in (found(STEPS, layer()), found(TOKENS, layers.Embedding(30, 3), layer(), dtype="int32")):
        assert (result["future"] > CHANGED) is leaks and (result["future_share"] > 0) is leaks


def test_features_are_no_time():
    """An autoencoder of six numbers has no future; an output without steps neither."""
    assert found(X, layers.Dense(6))["future"] is None
    assert found(STEPS, layers.GRU(4))["future"] is None


def test_several_inputs_and_outputs():
    """A leak in the second output of two is found."""
    a, b = keras.Input((6,)), keras.Input((8, 3))
    fine = layers.Dense(2)(a)
    mixed = layers.Lambda(lambda t: t * ops.std(t, 0, keepdims=True), output_shape=(24,))(layers.Flatten()(b))
    result = independence(Passes(keras.Model([a, b], [fine, mixed])), Sample([X, STEPS]))
    assert result["share_inference"] == 1.0


def test_too_few_or_equal_rows():
    """Nothing can be told from rows that do not differ."""
    model = keras.Sequential([keras.Input((6,)), layers.Dense(2)])
    for x in (X[:5], np.zeros_like(X)):
        with pytest.raises(ValueError, match="rows"):
            independence(Passes(model), Sample(x))
