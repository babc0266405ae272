"""First and second derivatives of functions of tensors, by gradient tapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

Tensors = Sequence[Any]


def value_and_gradients(function: Callable[[Tensors], Any], points: Tensors) -> tuple[Any, list[Any]]:
    """See `base.Backend.value_and_gradients`."""
    points = [tf.convert_to_tensor(p) for p in points]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        value = function(points)
    return value, [None if g is None else tf.convert_to_tensor(g) for g in tape.gradient(value, points)]


def hessian_product(function: Callable[[Tensors], Any], points: Tensors, directions: Tensors) -> list[Any]:
    """See `base.Backend.hessian_product`: the gradient differentiated along the directions (Pearlmutter 1994)."""
    points = [tf.convert_to_tensor(p) for p in points]
    with tf.GradientTape(watch_accessed_variables=False) as outer:
        outer.watch(points)
        _, gradients = value_and_gradients(function, points)
        along = _dot(gradients, directions)
    return _or_zeros(outer.gradient(along, points), points)


def jacobian_product(
    function: Callable[[Tensors], Tensors], points: Tensors, directions: Tensors
) -> list[Any]:
    """See `base.Backend.jacobian_product`: J v as the derivative of J^T u . v in u, by two backward passes."""
    points = [tf.convert_to_tensor(p) for p in points]
    with tf.GradientTape(persistent=True, watch_accessed_variables=False) as tape:
        tape.watch(points)
        outputs = list(function(points))
        zeros = [tf.zeros_like(o) for o in outputs]
        tape.watch(zeros)
        along = _dot(tape.gradient(outputs, points, output_gradients=zeros), directions)
    return _or_zeros(tape.gradient(along, zeros), zeros)


def transposed_product(
    function: Callable[[Tensors], Tensors], points: Tensors, cotangents: Tensors
) -> list[Any]:
    """See `base.Backend.transposed_product`."""
    points = [tf.convert_to_tensor(p) for p in points]
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(points)
        outputs = list(function(points))
    return _or_zeros(tape.gradient(outputs, points, output_gradients=list(cotangents)), points)


def _dot(left: Tensors, right: Tensors) -> Any:
    pairs = [(a, b) for a, b in zip(left, right, strict=True) if a is not None]
    return tf.add_n([tf.reduce_sum(a * tf.cast(b, a.dtype)) for a, b in pairs])


def _or_zeros(found: Tensors, like: Tensors) -> list[Any]:
    return [
        tf.zeros_like(p) if g is None else tf.convert_to_tensor(g) for g, p in zip(found, like, strict=True)
    ]
