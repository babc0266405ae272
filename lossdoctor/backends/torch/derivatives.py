"""First and second derivatives of functions of tensors, by torch.autograd."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from keras import ops

Tensors = Sequence[Any]


def value_and_gradients(function: Callable[[Tensors], Any], points: Tensors) -> tuple[Any, list[Any]]:
    """See `base.Backend.value_and_gradients`."""
    with torch.enable_grad():
        points = _leaves(points)
        value = function(_copies(points)).reshape(())
        return value.detach(), [None if g is None else g.detach() for g in _gradients([value], points)]


def hessian_product(function: Callable[[Tensors], Any], points: Tensors, directions: Tensors) -> list[Any]:
    """See `base.Backend.hessian_product`: the gradient differentiated along the directions (Pearlmutter 1994)."""
    with torch.enable_grad():
        points = _leaves(points)
        gradients = _gradients([function(_copies(points)).reshape(())], points, again=True)
        along = _dot(gradients, directions)
        return _or_zeros(_gradients([along], points), points)


def jacobian_product(
    function: Callable[[Tensors], Tensors], points: Tensors, directions: Tensors
) -> list[Any]:
    """See `base.Backend.jacobian_product`: J v as the derivative of J^T u . v in u, by two backward passes."""
    with torch.enable_grad():
        points = _leaves(points)
        outputs = list(function(_copies(points)))
        zeros = [torch.zeros_like(o).requires_grad_(o.is_floating_point()) for o in outputs]
        along = _dot(_gradients(outputs, points, zeros, again=True), directions)
        return _or_zeros(_gradients([along], zeros), zeros)


def transposed_product(
    function: Callable[[Tensors], Tensors], points: Tensors, cotangents: Tensors
) -> list[Any]:
    """See `base.Backend.transposed_product`."""
    with torch.enable_grad():
        points = _leaves(points)
        outputs = list(function(_copies(points)))
        given = [
            torch.as_tensor(ops.convert_to_tensor(c)).to(o.dtype)
            for c, o in zip(cotangents, outputs, strict=True)
        ]
        return _or_zeros(_gradients(outputs, points, given), points)


def _leaves(points: Tensors) -> list[Any]:
    """Returns the points as the ends of a graph of their own."""
    found = [ops.convert_to_tensor(p).detach() for p in points]
    return [p.requires_grad_() if p.is_floating_point() else p for p in found]


def _copies(points: Tensors) -> list[Any]:
    """Returns copies within the graph: Keras multiplies sample weights in place, which autograd forbids for its leaves."""
    return [p.clone() for p in points]


def _gradients(
    outputs: Tensors, points: Tensors, weights: Tensors | None = None, *, again: bool = False
) -> list[Any]:
    """Returns the gradient of the sum of outputs, each times its weight, in each point; None for none."""
    weights = [torch.ones_like(o) for o in outputs] if weights is None else weights
    used = [(o, w) for o, w in zip(outputs, weights, strict=True) if o.requires_grad]
    asked = [p for p in points if p.requires_grad]
    if not used or not asked:
        return [None] * len(points)
    made = torch.autograd.grad(
        [o for o, _ in used], asked, [w for _, w in used], create_graph=again, allow_unused=True
    )
    known = dict(zip(map(id, asked), made, strict=True))
    return [known.get(id(p)) for p in points]


def _dot(left: Tensors, right: Tensors) -> Any:
    pairs = [(a, ops.convert_to_tensor(b)) for a, b in zip(left, right, strict=True) if a is not None]
    return sum(((a * b.to(a.dtype)).sum() for a, b in pairs), torch.zeros(()))


def _or_zeros(found: Tensors, like: Tensors) -> list[Any]:
    return [torch.zeros_like(p) if g is None else g.detach() for g, p in zip(found, like, strict=True)]
