"""Where a gradient is lost, or made NaN though loss and outputs are finite."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers, ops

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.gradient_path import gradient_path
from lossdoctor.experiments.passes import Passes

RNG = np.random.default_rng(0)
X = RNG.normal(size=(32, 5)).astype("float32")
Y = (X @ RNG.normal(size=(5, 1))).astype("float32")
# PyTorch's norm has the gradient 0 at 0, and its ReLU lets no gradient of a unit that is off through, also no NaN.
ON_TORCH = pytest.mark.skipif(keras.backend.backend() == "torch", reason="no fault on PyTorch")
SETTINGS = ("cut", "flat", "without_effect", "not_tried")


def net(loss, activation=None):
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((5,)), layers.Dense(8), layers.Dense(1, activation)])
    model.compile("adam", loss)
    return model


def met(model, row=7):
    """Targets of which one equals the model's output."""
    y = Y.copy()
    y[row] = keras.ops.convert_to_numpy(Passes(model).forward(X))[row]
    return y


def where_log(y, p):
    return ops.mean(ops.where(p > 0, ops.log(p), 0.0))


def where_ratio(y, p):
    return ops.mean(ops.where(p > 0, y / p, 0.0))


@pytest.mark.parametrize(
    ("loss", "operation"),
    [
        (lambda y, p: ops.mean(ops.sqrt(ops.sum(ops.square(y - p), -1))), "sqrt"),
        (lambda y, p: ops.mean(ops.sum(ops.square(y - p), -1) ** 0.5), "power"),
        (lambda y, p: ops.mean(ops.power(ops.abs(y - p), 0.5)), "power"),
        pytest.param(lambda y, p: ops.mean(ops.norm(y - p, axis=-1)), "norm", marks=ON_TORCH),
    ],
)
def test_root_of_zero_in_the_loss(loss, operation):
    """The operation, the row, output and target, whichever way the root is written."""
    model = net(loss)
    found = gradient_path(Passes(model), Sample(X, met(model)))
    assert not found["finite"] and np.isfinite(found["loss"])
    assert (found["operation"], found["operand"], found["place"], found["row"]) == (operation, 0.0, "loss", 7)
    assert found["confidence"] == "named" and found["output_value"] == found["target_value"]
    assert found["edge"] and not found["targets_only"] and found["variable"].endswith("kernel")


@ON_TORCH
@pytest.mark.parametrize(("loss", "operation"), [(where_log, "log"), (where_ratio, "divide")])
def test_branch_behind_where(loss, operation):
    """The value of the other branch is not used, its gradient is."""
    found = gradient_path(Passes(net(loss, "relu")), Sample(X, Y))
    assert found["operation"] == operation and found["behind_where"] and found["confidence"] == "named"


def test_nan_targets_behind_where():
    """Missing targets set to zero in the loss only after they were used."""
    y = Y.copy()
    y[3] = np.nan

    def hidden(y, p):
        each = ops.mean(ops.square(y - p), -1)
        return ops.where(ops.isnan(each), ops.zeros_like(each), each)

    def replaced(y, p):
        return ops.mean(ops.square(ops.where(ops.isnan(y), ops.stop_gradient(p), y) - p), -1)

    found = gradient_path(Passes(net(hidden)), Sample(X, y))
    assert found["nan_targets"] and found["row"] == 3 and found["operation"] == "where"
    assert gradient_path(Passes(net(replaced)), Sample(X, y))["finite"]


def test_an_infinite_loss_from_a_target_behind_a_mask():
    """Of many log(0) of targets only that of row 5 is used."""
    y = np.zeros((32, 2), "float32")
    y[::2] = [1.0, 0.4]
    y[5] = [1.0, 0.0]

    def size(y, p):
        log = ops.where(y[:, :1] > 0.5, ops.log(y[:, 1:]), 0.0)
        return ops.mean(ops.square(log - p))

    found = gradient_path(Passes(net(size)), Sample(X, y))
    assert found["loss"] is None and found["operation"] == "log" and found["row"] == 5
    assert found["targets_only"]


def siamese(distance):
    keras.utils.set_random_seed(0)
    left, right = keras.Input((5,)), keras.Input((5,))
    inner = layers.Dense(4, name="inner")
    far = layers.Lambda(distance, output_shape=(1,), name="far")([inner(left), inner(right)])
    model = keras.Model([left, right], layers.Dense(1, "sigmoid")(far))
    model.compile("adam", "binary_crossentropy")
    return model


def squares(v):
    return ops.sum(ops.square(v[0] - v[1]), 1, keepdims=True)


PAIRS = [X, np.concatenate([X[:9] + 1, X[9:10], X[10:] - 1])]


def test_distance_of_two_equal_embeddings():
    """A layer's root: named with the layer; with a floor below it all is well."""
    rows = Sample(PAIRS, (Y > 0).astype("float32"))
    found = gradient_path(Passes(siamese(lambda v: ops.sqrt(squares(v)))), rows)
    assert (found["operation"], found["place"], found["row"]) == ("sqrt", "far", 9)
    fine = gradient_path(Passes(siamese(lambda v: ops.sqrt(ops.maximum(squares(v), 1e-7)))), rows)
    assert fine["finite"] and not any(fine[k] for k in ("cut", "flat"))


@ON_TORCH
def test_an_operation_of_the_graph():
    """ops.norm of symbolic tensors is no layer, but has a place."""
    left, right = keras.Input((5,)), keras.Input((5,))
    inner = layers.Dense(4)
    model = keras.Model(
        [left, right], layers.Dense(1)(ops.norm(inner(left) - inner(right), axis=1, keepdims=True))
    )
    model.compile("adam", "mse")
    found = gradient_path(Passes(model), Sample(PAIRS, Y))
    assert found["place"].startswith("norm") and found["row"] == 9 and found["confidence"] == "named"


@keras.saving.register_keras_serializable()
def hidden_root(x):
    """A root with a gradient that no interception sees."""

    @ops.custom_gradient
    def root(x):
        safe = ops.maximum(x, 1e-12)

        def gradient(*args, upstream=None):
            upstream = args[0] if upstream is None else upstream
            return upstream * ops.multiply(0.5, ops.cast(x, "float32") * 0 + 1) * _inverse(x)

        return safe, gradient

    return root(x)


def _inverse(x):
    return ops.exp(-0.5 * ops.cast(ops.where(x > 0, ops.zeros_like(x), ops.full_like(x, -np.inf)), "float32"))


def test_what_cannot_be_named_is_located():
    """A custom gradient that is infinite at 0: the layer, or the loss with its row."""
    rows = Sample(PAIRS, (Y > 0).astype("float32"))
    found = gradient_path(Passes(siamese(lambda v: hidden_root(squares(v)))), rows)
    assert (found["place"], found["row"], found["confidence"]) == ("far", 9, "located")
    model = net(lambda y, p: ops.mean(hidden_root(ops.square(y - p))))
    found = gradient_path(Passes(model), Sample(X, met(model)))
    assert (found["place"], found["row"], found["confidence"]) == ("loss", 7, "located")
    assert found["edge"] and found["output_value"] == found["target_value"]


def missing(model, x=X, y=Y):
    found = gradient_path(Passes(model), Sample(x, y))
    assert found["finite"]
    return {k: [p.split("/", 1)[-1] for p in found[k]] for k in SETTINGS if found[k]}


def test_healthy_models_have_all_gradients():
    """Also under dropout, normalisation and attention, whose key bias has none but rounding."""
    assert missing(net("mse")) == {}
    inp = keras.Input((6, 5))
    mixed = layers.MultiHeadAttention(2, 4)(inp, inp)
    out = layers.Dense(1)(layers.Flatten()(layers.Dropout(0.2)(layers.BatchNormalization()(mixed))))
    model = keras.Model(inp, out)
    model.compile("adam", "mse")
    found = gradient_path(Passes(model), Sample(RNG.normal(size=(32, 6, 5)).astype("float32"), Y))
    assert found["finite"] and not found["cut"] and not found["flat"]


def test_frozen_layers_and_adapters_are_no_fault():
    """Frozen layers are not trainable; LoRA's first matrix has no effect while the second is zero."""
    model = net("mse")
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    assert missing(model) == {}
    model = net("mse")
    model.layers[0].enable_lora(2)
    model.compile("adam", "mse")
    found = gradient_path(Passes(model), Sample(X, Y))
    assert [p.split("/")[-1] for p in found["without_effect"]] == ["lora_kernel_a"] and not found["cut"]


def test_a_cut_path():
    """What a stop_gradient cuts off still moves the outputs."""
    inp = keras.Input((5,))
    stopped = layers.Lambda(ops.stop_gradient)(layers.Dense(4, name="first")(inp))
    model = keras.Model(inp, layers.Dense(1)(stopped))
    model.compile("adam", "mse")
    found = gradient_path(Passes(model), Sample(X, Y))
    assert found["cut"] == ["first/kernel", "first/bias"] and found["outputs_reached"]


def test_dead_units_are_flat():
    """Only a large change of the bias wakes them."""
    low = keras.initializers.Constant(-50)
    inp = keras.Input((5,))
    model = keras.Model(inp, layers.Dense(1)(layers.Dense(8, "relu", bias_initializer=low, name="dead")(inp)))
    model.compile("adam", "mse")
    found = gradient_path(Passes(model), Sample(X, Y))
    assert "dead/bias" in found["flat"] and not found["cut"]


def test_a_loss_without_gradient_reaches_nothing():
    """Every variable is without one."""
    found = gradient_path(Passes(net(lambda y, p: ops.mean(ops.square(y - ops.round(p))))), Sample(X, Y))
    assert found["finite"] and not found["outputs_reached"] and len(found["cut"]) == 4


def test_penalties_are_no_gradient_of_the_data():
    """A weight penalty reaches a kernel whose output is cut off; the loss does not. add_loss counts."""

    class Adds(layers.Layer):
        def call(self, x):
            self.add_loss(ops.mean(ops.square(x)))
            return ops.stop_gradient(x)

    for behind, cut in ((layers.Lambda(ops.stop_gradient), ["first/kernel"]), (Adds(), [])):
        inp = keras.Input((5,))
        first = layers.Dense(4, use_bias=False, kernel_regularizer="l2", name="first")(inp)
        model = keras.Model(inp, layers.Dense(1)(behind(first)))
        model.compile("adam", "mse")
        assert gradient_path(Passes(model), Sample(X, Y))["cut"] == cut


def test_nothing_is_left_behind():
    """Functions, operators, calls, weights and statistics are as before, also after an error in the loss."""
    model = siamese(lambda v: ops.sqrt(squares(v)))
    tensor = ops.convert_to_tensor(1.0)
    state = [np.array(v) for v in model.variables]
    held = (ops.sqrt, ops.where, type(tensor).__pow__, type(tensor).__truediv__)
    rows = Sample(PAIRS, (Y > 0).astype("float32"))
    first = gradient_path(Passes(model), rows)
    assert first == gradient_path(Passes(model), rows)
    assert held == (ops.sqrt, ops.where, type(tensor).__pow__, type(tensor).__truediv__)
    assert not any("call" in vars(layer) for layer in (model, *model.layers))
    assert all(np.array_equal(a, np.array(v)) for a, v in zip(state, model.variables, strict=True))


def test_values_that_are_not_finite_are_another_matter():
    """Inputs or weights that are NaN are refused; other weights than the model's own can be given."""
    model = net("mse")
    x = X.copy()
    x[0] = np.nan
    with pytest.raises(ValueError, match="inputs"):
        gradient_path(Passes(model), Sample(x, Y))
    bad = [np.full_like(w, np.nan) for w in model.get_weights()]
    with pytest.raises(ValueError, match="weights"):
        gradient_path(Passes(model, bad), Sample(X, Y))
