"""Notes: what the wrapped parts of a step were given while it was traced (or run, when eager).

A training step differentiates its loss, so most of what happens in it happens within a trace of `jax.grad`. A value of
that trace that is still held when it ends is a leaked tracer and breaks the user's fit; so nothing is noted but what
the step's own trace knows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import jax

from lossdoctor import keras_private


def outside(value: Any, reference: Any) -> Any | None:
    """Returns a value as the trace of `reference` knows it, without what jax.grad put around it.

    None when it belongs to an inner trace (jax.checkpoint, a branch, a loop) and cannot be had outside of that.
    """
    while hasattr(value, "primal"):
        value = value.primal
    if not isinstance(value, jax.core.Tracer):
        return value
    known = getattr(reference, "_trace", None)  # without it nothing is noted, and the metric tells the loss
    return value if known is not None and getattr(value, "_trace", None) is known else None


class Notes:
    """Of one step, while it is traced.

    Attributes:
        loss, penalty: of the batch, scalars; None while unknown.
        gradients: by the number of their variable, with the factor by which the loss was scaled; several where
            several optimizers were given one for it.
        scaled: whether a LossScaleOptimizer decides by itself whether there is an update.
        trivial: see `constant_loss.trivial_loss`; None while unknown.
    """

    def __init__(self, model: Any, state: Any):
        self._model = model
        self._reference = jax.tree_util.tree_leaves(state)[0]
        self.loss: Any = None
        self.penalty: Any = None
        self.trivial: Any = None
        self.gradients: dict[int, list[tuple[Any, Any]]] = {}
        self.updated = self.scaled = False

    def outside(self, value: Any) -> Any | None:
        return outside(value, self._reference)

    def note_loss(self, value: Any) -> None:
        """`value` is what the metric "loss" is given: the unscaled loss of the batch, outside of jax.grad."""
        found = self.outside(value)
        self.loss = self.loss if found is None else found

    def note_penalty(self, losses: Sequence[Any]) -> None:
        """`losses` is `model.losses` within compute_loss: penalties on weights and what layers added."""
        found = [self.outside(part) for part in losses]
        if not any(part is None for part in found):
            self.penalty = sum(found) if found else None

    def note_gradients(self, optimizer: Any, values: Sequence[Any], gradients: Sequence[Any]) -> None:
        """`values` are those of the optimizer's variables; gradients are as the step got them: still scaled."""
        scale = loss_scale(optimizer, values)
        self.updated = True
        self.scaled |= hasattr(optimizer, "inner_optimizer")
        numbers = {id(v): i for i, v in enumerate(self._model.trainable_variables)}
        owners = keras_private.trained_by(optimizer) or list(self._model.trainable_variables)
        for variable, gradient in zip(owners, gradients, strict=True):
            found = None if gradient is None else self.outside(gradient)
            if found is not None and id(variable) in numbers:
                self.gradients.setdefault(numbers[id(variable)], []).append((found, scale))


def loss_scale(optimizer: Any, values: Sequence[Any]) -> Any:
    """Returns what the gradients were multiplied by: a number, or the tensor of a LossScaleOptimizer."""
    dynamic = getattr(optimizer, "dynamic_scale", None)
    if dynamic is None:
        return getattr(optimizer, "loss_scale_factor", None) or 1.0
    return next(value for v, value in zip(optimizer.variables, values, strict=True) if v is dynamic)
