"""First and second derivatives of functions of tensors."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp

Tensors = Sequence[Any]


def value_and_gradients(function: Callable[[Tensors], Any], points: Tensors) -> tuple[Any, list[Any]]:
    """See `base.Backend.value_and_gradients`."""
    points = _arrays(points)
    scalar = _scalar(function)
    value, gradients = jax.value_and_grad(scalar)(points)
    if any(_all_zero(g) for g in gradients):
        gradients = _without_constants(scalar, points, gradients)
    return value, gradients


def hessian_product(function: Callable[[Tensors], Any], points: Tensors, directions: Tensors) -> list[Any]:
    """See `base.Backend.hessian_product`: the gradient differentiated along the directions (Pearlmutter 1994)."""
    points = _arrays(points)
    return list(jax.jvp(jax.grad(_scalar(function)), (points,), (_like(directions, points),))[1])


def jacobian_product(
    function: Callable[[Tensors], Tensors], points: Tensors, directions: Tensors
) -> list[Any]:
    """See `base.Backend.jacobian_product`."""
    points = _arrays(points)
    return list(jax.jvp(_listed(function), (points,), (_like(directions, points),))[1])


def transposed_product(
    function: Callable[[Tensors], Tensors], points: Tensors, cotangents: Tensors
) -> list[Any]:
    """See `base.Backend.transposed_product`."""
    outputs, back = jax.vjp(_listed(function), _arrays(points))
    return list(back(_like(cotangents, outputs))[0])


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


def _without_constants(
    function: Callable[[Tensors], Any], points: list[Any], gradients: list[Any]
) -> list[Any]:
    """Returns None in the place of zeros that are zeros wherever it is asked: nothing leads from there to the value."""
    program = jax.make_jaxpr(jax.grad(function))(points).jaxpr
    reached = {id(v) for v in program.invars}
    for equation in program.eqns:
        if any(id(v) in reached for v in equation.invars):
            reached |= {id(v) for v in equation.outvars}
    pairs = zip(gradients, program.outvars, strict=True)
    return [None if _all_zero(g) and id(out) not in reached else g for g, out in pairs]
