"""Derivatives of the PyTorch backend on functions whose derivatives are known, and its training loop."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import ops
from torch_runs import data, noisy, state_of

from lossdoctor import backends


def cubic(points):
    a, b = points
    return ops.sum(a**3) + ops.sum(a) * ops.sum(b)


POINTS = [np.array([1.0, 2.0], "float32"), np.array([3.0], "float32")]


def test_values_and_gradients():
    value, (a, b) = backends.current().value_and_gradients(cubic, POINTS)
    assert float(value) == 18.0
    np.testing.assert_allclose(a, [6.0, 15.0])
    np.testing.assert_allclose(b, [3.0])


def test_a_gradient_that_does_not_exist_is_none():
    """Not one that happens to be zero."""
    found = backends.current().value_and_gradients(
        lambda p: ops.sum(p[0] ** 2), [np.zeros(2, "float32"), POINTS[1]]
    )[1]
    assert np.array_equal(found[0], [0.0, 0.0]) and found[1] is None


def test_second_derivatives_and_products():
    backend = backends.current()
    a, b = backend.hessian_product(cubic, POINTS, [np.array([1.0, 0.0]), np.array([2.0])])
    np.testing.assert_allclose(a, [8.0, 2.0])
    np.testing.assert_allclose(b, [1.0])
    outputs = lambda p: [p[0] ** 2, p[0] * p[1]]  # noqa: E731
    forward = backend.jacobian_product(outputs, POINTS, [np.array([1.0, 0.0]), np.array([1.0])])
    np.testing.assert_allclose(forward[0], [2.0, 0.0])
    np.testing.assert_allclose(forward[1], [4.0, 2.0])
    a, b = backend.transposed_product(outputs, POINTS, [np.array([1.0, 1.0]), np.array([1.0, 0.0])])
    np.testing.assert_allclose(a, [5.0, 4.0])
    np.testing.assert_allclose(b, [1.0])


def test_values_of_variables_are_those_of_now():
    """A function is run anew at each call, with what its variables hold then."""
    variable = keras.Variable(np.ones(2, "float32"))
    function = lambda p: ops.sum(p[0] * variable)  # noqa: E731
    for factor in (1.0, 2.0):
        variable.assign(np.full(2, factor))
        _, (gradient,) = backends.current().value_and_gradients(function, POINTS[:1])
        np.testing.assert_allclose(gradient, [factor, factor])


def test_a_function_that_asks_for_values_is_run():
    function = lambda p: ops.sum(p[0]) if bool(ops.sum(p[0]) > 0) else -ops.sum(p[0])  # noqa: E731
    value, (gradient,) = backends.current().value_and_gradients(function, [np.array([-1.0], "float32")])
    assert float(value) == 1.0 and float(gradient[0]) == -1.0


@pytest.mark.fit
def test_the_training_loop_is_the_training():
    """Steps on given rows leave in the copy what the same steps of fit leave, BatchNormalization and slots included."""
    x, y = data()
    x, y = x[:64], y[:64]
    copy, model = noisy(), noisy()
    copy.optimizer.build(copy.trainable_variables)
    rows = (ops.convert_to_tensor(x), ops.convert_to_tensor(y))
    loop = backends.current().training_loop(copy, rows)
    order = np.arange(64).reshape(4, 16)
    loop(order[:3], rows)
    loop(order[3:], rows)
    model.fit(x, y, batch_size=16, epochs=1, shuffle=False, verbose=0)
    for (_, a), (_, b) in zip(state_of(copy), state_of(model), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)
