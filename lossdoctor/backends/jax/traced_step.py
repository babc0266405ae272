"""TracedStep: one training step seen from its own trace: what went in, what came out, what was noted."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import jax
import jax.numpy as jnp
import keras
from keras import tree

from lossdoctor import keras_private
from lossdoctor.backends.base import SKIPPED
from lossdoctor.backends.jax.held_state import variables
from lossdoctor.backends.jax.notes import Notes


class TracedStep:
    """A step after its own work is done, before its outputs are given away.

    Attributes:
        old, new: state before and after it.
        batch: (x, y, sample_weight).
        limit: gradient norm from which on an update is skipped, a tensor; None without a guard.
    """

    def __init__(self, model: Any, notes: Notes, old: Any, new: Any, logs: Any, data: Any, limit: Any):
        self.model, self.notes, self.old, self.new, self.logs, self.limit = (
            model,
            notes,
            old,
            new,
            logs,
            limit,
        )
        self.batch = keras.utils.unpack_x_y_sample_weight(data)
        self.new_groups = [list(group) for group in new]

    @cached_property
    def gradients(self) -> dict[int, list[Any]]:
        """Gradients of the loss itself, by the number of their variable.

        Copies behind a barrier: without it the compiler may compute the update itself in another way, and its last
        bits change (seen under distribution and with BatchNormalization).
        """
        held = {i: [g for g, _ in pairs] for i, pairs in self.notes.gradients.items()}
        scales = {i: [s for _, s in pairs] for i, pairs in self.notes.gradients.items()}
        copies = jax.lax.optimization_barrier(held)
        return {i: [_over(g, s) for g, s in zip(copies[i], scales[i], strict=True)] for i in held}

    @cached_property
    def norms(self) -> list[Any]:
        """L2 norm of each trainable variable's gradient, a scalar each: 0 without one, SKIPPED without an update."""
        count = len(self.model.trainable_variables)
        if not self.notes.updated:
            return [jnp.float32(SKIPPED)] * count
        norms = [_largest([_norm(g) for g in self.gradients.get(i, ())]) for i in range(count)]
        return [jnp.where(self.update_asked, n, SKIPPED) for n in norms] if self.notes.scaled else norms

    @cached_property
    def update_asked(self) -> Any:
        """Whether an update was asked for: a LossScaleOptimizer makes none where a scaled gradient is not finite."""
        if not self.notes.scaled:
            return jnp.asarray(self.notes.updated)
        raw = [g for pairs in self.notes.gradients.values() for g, _ in pairs]
        return all_finite(raw)

    @cached_property
    def loss(self) -> Any:
        """The loss of the batch, a scalar: noted, else from the metric "loss", else from the logs; NaN without."""
        source = self.loss_source
        if source == "compute_loss":
            return scalar(jax.lax.optimization_barrier(self.notes.loss))
        logged = self.logs.get("loss") if isinstance(self.logs, dict) else None
        logged = jnp.float32(jnp.nan) if logged is None else scalar(logged)
        if "metric" not in source:
            return logged
        (total, count), (total_before, count_before) = (self._loss_total(s) for s in (self.new, self.old))
        rows = count - count_before
        return jnp.where(rows > 0, (total - total_before) / jnp.where(rows > 0, rows, 1.0), logged)

    @cached_property
    def loss_source(self) -> str:
        """See `base.StepWatch.loss_source`."""
        if self.notes.loss is not None:
            return "compute_loss"
        logged = isinstance(self.logs, dict) and "loss" in self.logs
        if self._loss_total(self.new) is not None and keras_private.has_own_step(self.model):
            return "metric" if logged else "untouched metric"
        return "logs" if logged else "nowhere"

    def _loss_total(self, state: Any) -> Any:
        """Returns total and count of the metric "loss" in a state, None without that metric."""
        places = {id(v): i for i, v in enumerate(self.model.metrics_variables)}
        found = keras_private.loss_total(self.model)
        if found is None or any(id(v) not in places for v in found):
            return None
        return [scalar(state[3][places[id(v)]]) for v in found]

    @property
    def penalty(self) -> Any:
        """What penalties on weights and layers themselves added to the loss, a scalar."""
        return jnp.float32(0.0) if self.notes.penalty is None else scalar(self.notes.penalty)

    @cached_property
    def statistics(self) -> list[Any]:
        """New values of what layers keep besides weights, as moving averages, where it is made of floats."""
        kept = {id(v) for v in keras_private.statistics(self.model)}
        pairs = zip(variables(self.model)[1], self.new_groups[1], strict=True)
        return [value for v, value in pairs if id(v) in kept and jnp.issubdtype(value.dtype, jnp.floating)]

    def leaves(self, part: int) -> list[Any]:
        """Returns the dense arrays of x (0), y (1) or sample_weight (2)."""
        return [a for a in tree.flatten(self.batch[part]) if hasattr(a, "dtype") and hasattr(a, "ndim")]


def scalar(value: Any) -> Any:
    value = jnp.asarray(value, jnp.float32)
    return value if value.ndim == 0 else jnp.mean(value)


def all_finite(arrays: Sequence[Any]) -> Any:
    """Returns a boolean scalar: whether all floats in these arrays are finite."""
    floats = [a for a in arrays if jnp.issubdtype(a.dtype, jnp.floating)]
    fine = [jnp.all(jnp.isfinite(a)) for a in floats]
    return jnp.all(jnp.stack(fine)) if fine else jnp.asarray(True)


def _over(gradient: Any, scale: Any) -> Any:
    gradient = gradient.astype(jnp.float32)
    return gradient if isinstance(scale, float) and scale == 1.0 else gradient / scale


def _norm(gradient: Any) -> Any:
    return jnp.sqrt(jnp.sum(jnp.square(gradient)))


def _largest(norms: list[Any]) -> Any:
    if not norms:
        return jnp.float32(0.0)
    return norms[0] if len(norms) == 1 else jnp.max(jnp.stack(norms))
