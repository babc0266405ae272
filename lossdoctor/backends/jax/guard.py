"""Guard: goes on from the old state after a bad step, and measures what tells one."""

from __future__ import annotations

import math
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from keras import tree

from lossdoctor.backends.base import GUARD_COLUMNS
from lossdoctor.backends.constant_loss import loss_name, trivial_loss
from lossdoctor.backends.jax.notes import Notes
from lossdoctor.backends.jax.readers import Reader
from lossdoctor.backends.jax.traced_step import TracedStep, all_finite, scalar

SAMPLE = 8192  # entries of a gradient whose zeros are counted: 0.5 % standard error of a share


class Guard(Reader):
    """Lets a step stand only when loss, gradients and statistics are finite and the norm is in bounds.

    After a bad step weights, slots, statistics, seeds and metrics are those before it. A step that a
    LossScaleOptimizer skips by itself keeps the lowered scale, and counts as one without an update unless its rows are
    not finite.
    """

    def __init__(self, model: Any):
        self._name = loss_name(model)
        self._rows: list[Any] = []
        self.steps = 0
        self.sees_loss = False

    # In the step

    def on_loss(self, notes: Notes, given: dict[str, Any]) -> None:
        y = notes.outside(given.get("y")) if hasattr(given.get("y"), "shape") else None
        notes.trivial = trivial_loss(self._name, y, given.get("y_pred"), given.get("sample_weight"))

    def measure(self, step: TracedStep) -> list[Any]:
        self.sees_loss = step.notes.loss is not None
        asked = step.update_asked
        norm = jnp.sqrt(sum(jnp.square(n) for n in step.norms)) if step.norms else jnp.float32(0.0)
        norm, dead = (jnp.where(asked, v, -1.0) for v in (norm, _dead(step)))
        trivial = jnp.float32(jnp.nan) if step.notes.trivial is None else step.notes.trivial + step.penalty
        return [step.loss, norm, self._fine(step, asked, norm), dead, scalar(trivial)]

    def _fine(self, step: TracedStep, asked: Any, norm: Any) -> Any:
        fine = ~asked | (jnp.isfinite(norm) & (norm <= step.limit))
        fine &= all_finite(step.statistics) & (step.limit >= 0.0)
        if self.sees_loss:
            fine &= jnp.isfinite(step.loss)
        if step.notes.scaled:
            # The loss scaling says nothing of what it skips, and a ReLU makes 0 of NaN: only the rows tell it from a
            # scale that was too high, which is no fault.
            dense = [a for a in tree.flatten(step.batch) if hasattr(a, "dtype")]
            fine &= asked | all_finite(dense)
        self._chosen = fine
        return fine

    def choose(self, step: TracedStep) -> Any:
        if not step.notes.scaled:
            return _either(self._chosen, step.new, step.old)
        slots = _either(self._chosen | ~step.update_asked, step.new[2], step.old[2])
        rest = _either(self._chosen, (step.new[0], step.new[1], step.new[3]), (*step.old[:2], step.old[3]))
        return rest[0], rest[1], slots, rest[2]

    # On the host

    def add(self, row: Any, data: Any) -> None:
        self._rows.append(row)
        self.steps += 1

    def flush(self) -> np.ndarray:
        """Returns the steps since the last flush, [steps, GUARD_COLUMNS]. Waits for them to end."""
        rows, self._rows = self._rows, []
        if not rows:
            return np.zeros((0, len(GUARD_COLUMNS)))
        return np.stack([np.asarray(row)[self.columns] for row in rows]).astype(np.float64)


def _either(fine: Any, new: Any, old: Any) -> Any:
    """Returns one of two states. A branch on states that are done: a `where` makes other bits of a healthy step."""
    leaves, structure = jax.tree_util.tree_flatten(new)
    before = jax.tree_util.tree_leaves(old)
    if not isinstance(fine, jax.core.Tracer):
        return new if bool(fine) else jax.tree_util.tree_unflatten(structure, before)
    kept = jax.lax.cond(fine, lambda a, b: a, lambda a, b: b, leaves, before)
    return jax.tree_util.tree_unflatten(structure, kept)


def _dead(step: TracedStep) -> Any:
    """Returns the share of entries of the gradients that are exactly zero, -1 without any gradient."""
    entries = [_sampled(g) for held in step.gradients.values() for g in held]
    return jnp.mean(jnp.concatenate(entries) == 0.0) if entries else jnp.float32(-1.0)


def _sampled(gradient: Any) -> Any:
    """Returns entries of all rows and columns: every so many, by a number that the last axis does not share."""
    flat, stride = jnp.ravel(gradient), gradient.size // SAMPLE
    if stride < 2:
        return flat
    while math.gcd(stride, gradient.shape[-1]) > 1:
        stride += 1
    return flat[::stride]
