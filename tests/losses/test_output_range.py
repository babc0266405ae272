"""The ranges of output activations against the real ones."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.losses.output_range import DIPPING, RISING, Range, known, reach, without_linear


def keras_activation(name):
    """Returns Keras's function; skips the test for one that this version does not have yet."""
    keras = pytest.importorskip("keras")
    try:
        return keras.activations.get(name)
    except ValueError:
        pytest.skip(f"Keras {keras.__version__} has no {name}")


GRID = np.concatenate([np.linspace(-40, 40, 160_001), [-1e4, 1e4]])


@pytest.mark.parametrize(
    "name", [*RISING, *(n for n in DIPPING if n not in ("prelu", "glu", "log_softmax", "sparsemax"))]
)
def test_range_holds_what_keras_puts_out_and_no_more(name):
    """On a fine grid the Keras activation stays within the range and comes near to both its ends."""
    out = np.asarray(keras_activation(name)(GRID))
    low, high = reach((name,))
    assert out.min() >= low - 1e-4
    assert out.max() <= high + 1e-4
    assert low == -np.inf or out.min() <= low + 1e-3
    assert high == np.inf or out.max() >= high - 1e-3


@pytest.mark.parametrize("name", RISING)
def test_rising_functions_are_those_of_keras(name):
    """Each rising function gives Keras's values."""
    x = np.linspace(-8, 8, 33)
    np.testing.assert_allclose([RISING[name](v) for v in x], keras_activation(name)(x), atol=1e-5)


@pytest.mark.parametrize("inner", ["sigmoid", "tanh", "softmax", "relu", None])
@pytest.mark.parametrize("units", [1, 2, 10])
def test_range_of_a_softmax_over_another_activation(inner, units):
    """No input of a chain that ends in softmax gets beyond its range, and the extreme one gets there."""
    keras = pytest.importorskip("keras")
    chain = (inner, "softmax") if inner else ("softmax",)
    low, high = reach(chain, units)
    x = np.full((units, units), -300.0) + 600 * np.eye(units)
    for name in chain:
        x = np.asarray(keras.activations.get(name)(x))
    assert x.max() == pytest.approx(high, abs=1e-6)
    assert x.min() >= low - 1e-6


def test_chains():
    """Ranges follow through a chain; an unknown activation gives no range."""
    assert reach(()) == Range(-np.inf, np.inf)
    assert reach(("relu", "sigmoid")) == Range(0.5, 1.0)
    assert reach(("sigmoid", "sigmoid")).high == pytest.approx(0.731, abs=1e-3)
    assert reach(("gelu",)).low == pytest.approx(-0.17, abs=1e-2)
    assert reach(("my_own",)) is None
    assert not known(("my_own", "relu"))
    assert without_linear(("linear", "softmax_v2")) == ("softmax",)
