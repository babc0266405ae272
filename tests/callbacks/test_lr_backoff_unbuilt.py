"""LRBackoff and a model that its own first step builds: it goes back to the state that the model began with."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from keras import layers  # noqa: E402

from lossdoctor import LRBackoff  # noqa: E402

pytestmark = pytest.mark.fit

DICE = np.random.default_rng(0)
X = DICE.normal(size=(64, 6)).astype("float32")
Y = (40 * (X[:, :1] - 2 * X[:, 1:2])).astype("float32")
MODES = {
    "graph": {},
    "xla": {"jit_compile": True},
    "eager": {"run_eagerly": True},
    "several steps an execution": {"steps_per_execution": 4},
}


def net(built, optimizer, **settings):
    keras.utils.set_random_seed(0)
    middle = [layers.BatchNormalization(), layers.Dropout(0.1)]
    stack = [layers.Dense(8, activation="relu"), *middle, layers.Dense(1)]
    model = keras.Sequential([keras.Input((6,)), *stack] if built else stack)
    model.compile(optimizer, "mse", **settings)
    return model


def fit(model, x, **more):
    """Returns the callback after a fit, with the model's whole state: weights, statistics, seeds and slots."""
    backoff = LRBackoff(verbose=0)
    settings = {"epochs": 4, "batch_size": 8, "verbose": 0, "shuffle": False} | more
    model.fit(x, Y, callbacks=[backoff], **settings)
    return backoff, state_of(model)


def state_of(model):
    variables = [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
    return [np.asarray(v) for v in variables]


def hot():
    return keras.optimizers.SGD(3.0, momentum=0.9)


@pytest.mark.parametrize("name", MODES)
def test_a_healthy_run_is_left_as_it_is(name):
    """Weights, statistics, seeds and slots, bit for bit; XLA rounds otherwise, also in a built model's norms."""
    backoff, watched = fit(net(False, keras.optimizers.Adam(0.01), **MODES[name]), X)
    model = net(False, keras.optimizers.Adam(0.01), **MODES[name])
    model.fit(X, Y, epochs=4, batch_size=8, verbose=0, shuffle=False)
    same = np.allclose if name == "xla" else np.array_equal
    assert backoff.events == []
    assert all(same(a, b) for a, b in zip(watched, state_of(model), strict=True))


@pytest.mark.parametrize("name", MODES)
def test_a_hot_run_goes_the_same_way_as_that_of_a_built_model(name):
    """Only when run eagerly the statistics begin after one batch: there nothing exists before it."""
    model = net(False, hot(), **MODES[name])
    backoff, state = fit(model, X)
    other, built = fit(net(True, hot(), **MODES[name]), X)
    assert "backoff" in [e.kind for e in backoff.events]
    if name != "eager":
        assert [e.text for e in backoff.events] == [e.text for e in other.events]
        assert all(np.array_equal(a, b) for a, b in zip(state, built, strict=True))
    assert all(np.any(v) for v in model.trainable_variables[0::4])


@pytest.mark.parametrize("name", [n for n in MODES if n != "eager"])
def test_a_bad_first_batch_leaves_statistics_and_slots_as_they_begin(name):
    x = X.copy()
    x[:8] = np.nan
    adagrad = {"epochs": 1, "steps_per_epoch": 4}
    _, state = fit(net(False, keras.optimizers.Adagrad(0.01), **MODES[name]), x, **adagrad)
    _, built = fit(net(True, keras.optimizers.Adagrad(0.01), **MODES[name]), x, **adagrad)
    assert all(np.isfinite(v).all() for v in state)
    assert all(np.array_equal(a, b) for a, b in zip(state, built, strict=True))


def test_a_fit_of_full_batches_is_looked_after_too():
    """One step an epoch: what is bad in it is found before the next."""
    x = np.full_like(X, np.nan)
    model = net(False, keras.optimizers.SGD(0.1))
    backoff, state = fit(model, x, batch_size=64, epochs=12)
    other, built = fit(net(True, keras.optimizers.SGD(0.1)), x, batch_size=64, epochs=12)
    assert [e.text for e in backoff.events] == [e.text for e in other.events]
    assert "backoff" in [e.kind for e in backoff.events]
    weights = len(model.weights)
    assert all(np.array_equal(a, b) for a, b in zip(state[:weights], built[:weights], strict=True))


def test_a_model_that_only_was_told_its_shape_counts_as_not_built():
    """`build(shape)` of a subclassed model marks it as built, with a warning, and makes no weights."""

    class Plain(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(1)

        def call(self, x):
            return self.dense(x)

    keras.utils.set_random_seed(0)
    model = Plain()
    with pytest.warns(UserWarning, match="does not have a `build"):
        model.build((None, 6))
    model.compile("sgd", "mse")
    backoff, _ = fit(model, X)
    assert backoff.events == []
    assert np.any(model.dense.kernel)
