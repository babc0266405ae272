"""First and second derivatives of functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

from lossdoctor.backends.jax.programs import Program, run

Tensors = Sequence[Any]


def value_and_gradients(function: Callable[[Tensors], Any], points: Tensors) -> tuple[Any, list[Any]]:
    """See `base.Backend.value_and_gradients`."""
    both, points = jax.value_and_grad(_scalar(function)), _arrays(points)
    try:
        program = Program(both, points)
    except jax.errors.JAXTypeError:  # it asks for the values of tensors
        return both(points)
    value, gradients = program.run()
    pairs = zip(gradients, program.depends()[1], strict=True)
    # Zeros, wherever it is asked: nothing leads from there to the value.
    return value, [None if not depends and _all_zero(g) else g for g, depends in pairs]


def hessian_product(function: Callable[[Tensors], Any], points: Tensors, directions: Tensors) -> list[Any]:
    """See `base.Backend.hessian_product`: the gradient differentiated along the directions (Pearlmutter 1994)."""
    gradient, points = jax.grad(_scalar(function)), _arrays(points)
    return list(run(lambda p, d: jax.jvp(gradient, (p,), (d,))[1], points, _like(directions, points)))


def jacobian_product(
    function: Callable[[Tensors], Tensors], points: Tensors, directions: Tensors
) -> list[Any]:
    """See `base.Backend.jacobian_product`."""
    listed, points = _listed(function), _arrays(points)
    return list(run(lambda p, d: jax.jvp(listed, (p,), (d,))[1], points, _like(directions, points)))


def transposed_product(
    function: Callable[[Tensors], Tensors], points: Tensors, cotangents: Tensors
) -> list[Any]:
    """See `base.Backend.transposed_product`."""

    def product(points: list[Any], cotangents: list[Any]) -> list[Any]:
        outputs, back = jax.vjp(_listed(function), points)
        return list(back(_like(cotangents, outputs))[0])

    return list(run(product, _arrays(points), _arrays(cotangents)))


def _arrays(points: Tensors) -> list[Any]:
    return [jnp.asarray(p) for p in points]


def _like(values: Tensors, arrays: Tensors) -> list[Any]:
    return [jnp.asarray(v, a.dtype) for v, a in zip(values, arrays, strict=True)]


def _listed(function: Callable[[Tensors], Tensors]) -> Callable[[Tensors], list[Any]]:
    return lambda points: list(function(points))


def _scalar(function: Callable[[Tensors], Any]) -> Callable[[Tensors], Any]:
    return lambda points: jnp.reshape(function(points), ())


def _all_zero(gradient: Any) -> bool:
    return not isinstance(gradient, jax.core.Tracer) and not bool(jnp.any(gradient != 0))
