"""The first non-finite value: one table of batches and models, and what must be named."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")
from keras import layers, ops  # noqa: E402

from lossdoctor.backends.sample import Sample  # noqa: E402
from lossdoctor.experiments import Subject  # noqa: E402
from lossdoctor.experiments.first_nonfinite import first_nonfinite  # noqa: E402
from lossdoctor.experiments.workbench import Workbench  # noqa: E402

X = np.random.default_rng(0).normal(size=(16, 3)).astype("float32")
Y = X[:, :1] ** 2


def broken(array: np.ndarray, row: int, column: int, value: float) -> np.ndarray:
    array = array.copy()
    array[row, column] = value
    return array


def net(*inner: Any, loss: Any = "mse", rate: float = 0.01) -> Any:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), *inner, layers.Dense(1, name="last")])
    model.compile(keras.optimizers.SGD(rate), loss)
    return model


def find(model: Any, batch: Sample, **more: Any) -> Any:
    weights = more.pop("weights", model.get_weights())
    subject = Subject(model, Sample(X, Y), weights, weights, bad_batch=batch, batch_size=8, **more)
    return first_nonfinite(subject, Workbench(model, weights, subject.sample))


def root_loss(y: Any, p: Any) -> Any:
    return ops.sqrt(ops.mean(ops.square(y - p), -1))


def log_loss(y: Any, p: Any) -> Any:
    return ops.mean(ops.log(p - p + ops.cast(y > 1e6, "float32") * 0.0), -1)


def test_an_input_that_is_not_finite_is_named_with_row_and_column() -> None:
    """Before anything is computed."""
    found = find(net(), Sample(broken(X, 5, 2, np.nan), Y))
    assert (found["what"], found["where"], found["row"], found["column"]) == ("input", "x", 5, 2)
    found = find(net(), Sample({"a": X, "b": broken(X, 1, 0, np.inf)}, Y))
    assert found["where"] == "x['b']"


def test_a_target_that_is_not_finite_is_named() -> None:
    """As are sample weights."""
    found = find(net(), Sample(X, broken(Y, 3, 0, np.inf)))
    assert (found["what"], found["row"]) == ("target", 3)
    weights = np.ones(16, "float32")
    weights[7] = np.nan
    assert find(net(), Sample(X, Y, weights))["where"] == "sample_weight"


def test_a_layer_that_takes_the_logarithm_of_a_negative_number_is_named() -> None:
    """With the row, and how far its input and weights went."""
    model = net(
        layers.Dense(4, name="fine"), layers.Lambda(lambda x: ops.log(x), name="bad", output_shape=(4,))
    )
    found = find(model, Sample(X, Y))
    assert (found["what"], found["where"]) == ("layer", "bad")
    assert "its input went up to" in found["text"]


def test_a_layer_that_overflows_is_named_before_those_behind_it() -> None:
    """Weights of 1e30 in the first of three layers: the second one cannot hold the product."""
    model = net(layers.Dense(4, name="one"), layers.Dense(4, name="two"))
    weights = [np.full_like(w, 1e30) for w in model.get_weights()]
    found = find(model, Sample(X, Y), weights=weights)
    assert (found["what"], found["where"]) == ("layer", "two")


def test_a_loss_of_the_users_own_is_named_with_outputs_and_target() -> None:
    """The layers are finite, log(0) in the loss is not."""
    found = find(net(loss=log_loss), Sample(X, Y))
    assert (found["what"], found["row"]) == ("loss", 0)
    assert "outputs" in found["text"]


def test_a_gradient_that_is_not_finite_is_named_by_its_variable() -> None:
    """The root of a squared error that is exactly zero: the loss is 0, its slope is not finite."""
    model = net(loss=root_loss)
    zeros = [np.zeros_like(w) for w in model.get_weights()]
    found = find(model, Sample(X, np.zeros_like(Y)), weights=zeros)
    assert found["what"] == "gradient"
    assert "last/" in found["where"]


def test_weights_that_were_not_finite_before_the_step_are_named() -> None:
    """ReLU may hide them from the loss."""
    model = net(layers.Dense(4, activation="relu", name="hidden"))
    weights = model.get_weights()
    weights[0] = np.full_like(weights[0], np.nan)
    found = find(model, Sample(X, Y), weights=weights)
    assert found["what"] == "variable"
    assert found["where"].endswith("hidden/kernel")


def test_a_divergence_is_replayed_from_the_last_good_weights() -> None:
    """A finite batch is not to blame; at a rate of 10 the steps overflow soon."""
    found = find(net(layers.Dense(8), rate=10.0), Sample(X[:8], Y[:8]))
    assert found["text"].startswith("Replayed on the sample, at step ")


def test_a_run_that_stayed_finite_has_none() -> None:
    """Without a bad batch nothing is looked for; with one that cannot be explained that is said."""
    model = net()
    subject = Subject(model, Sample(X, Y), model.get_weights(), model.get_weights())
    assert first_nonfinite(subject, Workbench(model, model.get_weights(), subject.sample)) is None
    with pytest.raises(ValueError, match="did not diverge"):
        find(model, Sample(X[:8], Y[:8]))
