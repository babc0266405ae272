"""Whether the loss falls towards the targets, and whether outputs can get there."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.direction import direction
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.reach import reachable_targets
from lossdoctor.fit.setup import read_outputs

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 5)).astype("float32")
SCORE = X @ RNG.normal(size=(5, 1)).astype("float32")
YES = (SCORE > 0).astype("float32")
CLASS = np.digitize(SCORE[:, 0], [-1, 0, 1])
COUNT = RNG.poisson(np.exp(1 + 0.3 * SCORE)).astype("float32")


def net(units, activation, loss, *, fit=None, **weights):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(16, "relu"), layers.Dense(units, activation, name="out")]
    )
    model.compile(keras.optimizers.Adam(0.02), loss)
    if fit is not None:
        model.fit(X, fit, epochs=40, verbose=0, **weights)
    return model


def directed(model, y, x=X, weight=None):
    return next(iter(direction(Passes(model), Sample(x, y, weight), read_outputs(model)).values()))


def reached(model, y, x=X):
    return next(iter(reachable_targets(Passes(model), Sample(x, y), read_outputs(model)).values()))


def dice(y, p):
    return (2 * ops.sum(y * p) + 1) / (ops.sum(y) + ops.sum(p) + 1)


def log_poisson(y, p):
    return ops.mean(ops.exp(p) - y * p)


def triplet(y, p):
    y = ops.reshape(y, (-1,))
    far = ops.sum(ops.square(p[:, None] - p[None]), -1)
    same = ops.cast(y[:, None] == y[None], "float32")
    near = ops.sum(same * far, 1) / ops.sum(same, 1)
    return ops.mean(ops.relu(near - ops.sum((1 - same) * far, 1) / ops.sum(1 - same, 1) + 1))


def contrastive(y, d):
    return ops.mean(y * ops.square(d) + (1 - y) * ops.square(ops.relu(1 - d)))


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (1, None, lambda y, p: -ops.mean(ops.square(y - p)), SCORE),
        (1, "sigmoid", dice, YES),
        (1, "sigmoid", lambda y, p: ops.mean(y * ops.log(p + 1e-6)), YES),
    ],
)
def test_wrong_sign(units, activation, loss, y):
    """A loss that rises towards the targets pulls rows with higher targets down."""
    found = directed(net(units, activation, loss), y)
    assert found["comparable"] and found["trend_constant"] == "rises" and found["pull"] < -0.5


@pytest.mark.parametrize(
    "loss",
    [
        lambda y, p: ops.mean(ops.square(y - ops.round(p))),
        lambda y, p: ops.mean(ops.square(y - ops.cast(p > 0.5, "float32"))),
        lambda y, p: ops.mean(ops.square(y - ops.stop_gradient(p))),
    ],
)
def test_no_gradient(loss):
    """Rounding and thresholds leave no gradient, at any outputs."""
    found = directed(net(1, "sigmoid", loss), YES)
    assert [found[k] for k in ("silent_model", "silent_random", "silent_constant")] == [1, 1, 1]


def test_argmax_has_no_gradient():
    """Class numbers against argmax."""

    def error(y, p):
        return ops.mean(ops.cast(ops.not_equal(ops.cast(y[:, 0], "int64"), ops.argmax(p, -1)), "float32"))

    found = directed(net(4, "softmax", error), CLASS[:, None])
    assert not found["differentiable"] and found["silent_random"] == 1 and found["pull"] == 0


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y"),
    [
        (1, None, "mse", SCORE),
        (1, None, "mae", SCORE),
        (1, "sigmoid", "binary_crossentropy", YES),
        (1, None, keras.losses.BinaryCrossentropy(from_logits=True), YES),
        (4, "softmax", "sparse_categorical_crossentropy", CLASS),
        (4, None, keras.losses.SparseCategoricalCrossentropy(from_logits=True), CLASS),
        (1, None, "hinge", 2 * YES - 1),
        (1, "tanh", "hinge", YES),
        (1, "sigmoid", lambda y, p: -dice(y, p), YES),
        (1, None, log_poisson, COUNT),
    ],
)
@pytest.mark.parametrize("trained", [False, True])
def test_right_direction(units, activation, loss, y, trained):
    """Trained or not, also a hinge that is satisfied: the loss pulls towards the targets and is not silent."""
    found = directed(net(units, activation, loss, fit=y if trained else None), y)
    assert found["pull"] > 0.5 and found["trend_constant"] in ("falls", "unknown", "mixed")
    assert found["silent_constant"] < 0.9


def test_embeddings_and_distances_are_not_compared():
    """A triplet loss on as many units as classes, and a contrastive one on distances, have no direction."""
    assert not directed(net(4, None, triplet), CLASS)["comparable"]
    assert not directed(net(5, None, triplet), CLASS)["comparable"]
    left, right = keras.Input((5,)), keras.Input((5,))
    inner = layers.Dense(4)
    far = layers.Lambda(
        lambda v: ops.sqrt(ops.sum(ops.square(v[0] - v[1]), 1, keepdims=True) + 1e-7), output_shape=(1,)
    )([inner(left), inner(right)])
    model = keras.Model([left, right], far)
    model.compile("adam", contrastive)
    found = directed(model, YES, [X, X[::-1]])
    assert not found["comparable"] and found["differentiable"] and found["silent_random"] < 1
    assert reached(model, YES, [X, X[::-1]])["outside"] == 0


def test_a_critic_has_no_wrong_sign():
    """A score times +-1 is linear: which of the two signs means "real" is the user's to choose."""
    assert directed(net(1, None, lambda y, p: ops.mean(y * p)), 2 * YES - 1)["linear"]
    assert not directed(net(1, None, lambda y, p: -ops.mean(ops.square(y - p))), SCORE)["linear"]
    assert not directed(net(1, "sigmoid", dice), YES)["linear"]


def test_negative_weights_do_not_turn_the_direction():
    """A policy gradient's advantages are weights."""
    weight = RNG.normal(size=64).astype("float32")
    found = directed(net(4, "softmax", "sparse_categorical_crossentropy"), CLASS, weight=weight)
    assert found["pull"] > 0.5 and found["trend_constant"] == "falls"


def test_several_outputs_with_own_compute_loss_and_untouched_state():
    """One output with the wrong sign among two; weights, statistics, seeds and metrics stay."""

    class Own(keras.Model):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return ops.mean(ops.square(y[0] - y_pred[0])) - ops.mean(ops.square(y[1] - y_pred[1]))

    inp = keras.Input((5,))
    hidden = layers.Dropout(0.3)(layers.BatchNormalization()(layers.Dense(8)(inp)))
    model = Own(inp, [layers.Dense(1, name="a")(hidden), layers.Dense(1, name="b")(hidden)])
    model.compile("adam", "mse")
    before = [np.array(v) for v in model.variables]
    rows = Sample(X, [SCORE, SCORE])
    found = direction(Passes(model), rows, read_outputs(model))
    assert found["a"]["pull"] > 0.9 and found["b"]["pull"] < -0.9
    assert found == direction(Passes(model), rows, read_outputs(model))
    assert reachable_targets(Passes(model), rows, read_outputs(model))["b"]["outside"] == 0
    assert all(np.array_equal(a, np.array(v)) for a, v in zip(before, model.variables, strict=True))


@pytest.mark.parametrize(
    ("activation", "y", "outside"),
    [
        ("sigmoid", YES, 0.0),
        ("sigmoid", 255 * YES, YES.mean()),
        ("tanh", YES, 0.0),
        ("relu", SCORE, (SCORE < 0).mean()),
        (None, 1e6 * SCORE, 0.0),
        ("softplus", COUNT, 0.0),
    ],
)
def test_reach(activation, y, outside):
    """The share of targets beyond the activation, under a loss of the user's own."""
    found = reached(net(1, activation, lambda y, p: -dice(y, p)), y)
    assert found["outside"] == pytest.approx(outside, abs=1e-6) and found["known"] == "activation"


@pytest.mark.parametrize(("scale", "outside"), [(1.0, 0.0), (5.0, 0.0), (255.0, YES.mean())])
def test_reach_of_an_unknown_activation(scale, outside):
    """A Lambda that ends in 5 * sigmoid: its bounds are found by random weights."""
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(4), layers.Dense(1), layers.Lambda(lambda t: 5 * ops.sigmoid(t))]
    )
    model.compile("adam", "mse")
    found = reached(model, scale * YES)
    assert found["known"] == "observed" and found["outside"] == pytest.approx(outside)


def test_reach_of_an_unknown_unbounded_output():
    """Nothing lies outside of a linear Lambda."""
    model = keras.Sequential([keras.Input((5,)), layers.Dense(1), layers.Lambda(lambda t: 2 * t - 1)])
    model.compile("adam", "mse")
    found = reached(model, 1e4 * SCORE)
    assert found["outside"] == 0 and found["low"] is None and found["high"] is None


def test_too_few_rows_or_no_targets():
    """No result is better than one from five rows."""
    model = net(1, None, "mse")
    for rows in (Sample(X[:5], SCORE[:5]), Sample(X, None)):
        with pytest.raises(ValueError, match=r"rows|targets"):
            direction(Passes(model), rows)
        with pytest.raises(ValueError, match=r"rows|targets"):
            reachable_targets(Passes(model), rows)
