"""Guard: keeps a bad update from being made, puts back what its step had changed, and measures what tells one."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch

from lossdoctor.backends.base import GUARD_COLUMNS, SKIPPED
from lossdoctor.backends.constant_loss import loss_name, trivial_loss
from lossdoctor.backends.torch import state
from lossdoctor.backends.torch.norms import largest_entries, stacked, total
from lossdoctor.backends.torch.random_generators import noted
from lossdoctor.backends.torch.readers import Reader
from lossdoctor.backends.torch.step import Step

SAMPLE = 8192  # entries of a gradient whose zeros are counted: 0.5 % standard error of a share
NO_UPDATE = (SKIPPED, True, SKIPPED)  # norm, fine, dead of a step in which no update was asked for


class Guard(Reader):
    """Lets an update be made only when loss, gradients and statistics are finite and the norm is in bounds.

    The host decides, so it waits for the gradients, once a step; on the CPU they are there. A skipped update leaves
    weights and slots as they were; statistics, seeds and metrics are put back after the step. A step that a
    LossScaleOptimizer skips by itself keeps the lowered scale, and counts as one without an update unless its rows are
    not finite.

    Attributes:
        limit: gradient norm from which on an update is skipped; below 0 all are.
        steps: steps done so far.
        sees_loss: whether the step computes its loss through compute_loss.
    """

    def __init__(self, model: Any):
        self._name = loss_name(model)
        # Both lists are of tensors that are changed in place: they are the same in every step.
        self._forward, self._statistics = state.changed_by_forward(model), state.statistics(model)
        self._rows: list[list[float]] = []
        self.limit, self.steps, self.sees_loss = math.inf, 0, False

    # In the step

    def before(self, step: Step) -> None:
        self._old, self._random = [t.clone() for t in self._forward], noted()
        self._trivial: Any = math.nan
        self._updates: list[tuple[float, bool, float]] = []

    def on_loss(self, step: Step, given: dict[str, Any]) -> None:
        with torch.no_grad():
            trivial = trivial_loss(
                self._name, given.get("y"), given.get("y_pred"), given.get("sample_weight")
            )
            self._trivial = trivial + step.penalty  # a constant prediction would pay the penalties too

    def allows(self, step: Step) -> bool:
        norm = torch.linalg.vector_norm(stacked(step.norms)) if step.norms else 0.0
        told = [norm, _dead(step), self._stability(step), step.update_asked]
        norm, dead, stable, asked = stacked(told).tolist()
        if not asked:
            return True  # the loss scaling skips it, and lowers its scale
        fine = math.isfinite(norm) and norm <= self.limit and math.isfinite(stable)
        self._updates.append((norm, fine, dead))
        return fine

    def after(self, step: Step) -> None:
        self.sees_loss = step.loss is not None
        norm, fine, dead = _worst(self._updates)
        rows = [step.leaves(i) for i in range(3)] if step.scaled and not self._updates else []
        # A ReLU makes 0 of NaN: only the rows tell a bad step from a loss scale that was too high, which is no fault.
        finite = total(largest_entries([t for part in rows for t in part if t.is_floating_point()]))
        told = [math.nan if step.loss is None else step.loss, self._trivial, self._stability(step), finite]
        loss, trivial, stable, finite = stacked(told).tolist()
        fine = fine and self.limit >= 0.0 and math.isfinite(stable) and math.isfinite(finite)
        if not fine:
            state.put_back(self._forward, self._old)
            self._random()
        self._rows.append([loss, norm, float(fine), dead, trivial])
        self.steps += 1

    def leave(self) -> None:
        self._old = []

    def _stability(self, step: Step) -> Any:
        """Returns a number that is finite when statistics are, and the loss."""
        parts = largest_entries(self._statistics)
        return total(parts if step.loss is None else [*parts, step.loss])

    # On the host

    def flush(self) -> np.ndarray:
        """Returns the steps since the last flush, [steps, GUARD_COLUMNS]."""
        rows, self._rows = self._rows, []
        return np.asarray(rows, np.float64) if rows else np.zeros((0, len(GUARD_COLUMNS)))


def _worst(updates: list[tuple[float, bool, float]]) -> tuple[float, bool, float]:
    """Returns norm, whether it was let through, and share of zeros: of all updates of a step the worst."""
    norms, fines, deads = zip(*(updates or [NO_UPDATE]), strict=True)
    return max(norms, key=lambda n: (math.isnan(n), n)), all(fines), max(deads)


def _dead(step: Step) -> Any:
    """Returns the share of entries of the gradients that are exactly zero, -1 without any dense gradient."""
    entries = [_sampled(g) for pairs in step.gradients.values() for g, _ in pairs if not g.is_sparse]
    return (torch.cat(entries) == 0.0).float().mean() if entries else -1.0


def _sampled(gradient: Any) -> Any:
    """Returns entries of all rows and columns: every so many, by a number that the last axis does not share."""
    flat, stride = gradient.reshape(-1), gradient.numel() // SAMPLE
    if stride < 2:
        return flat
    while math.gcd(stride, gradient.shape[-1]) > 1:
        stride += 1
    return flat[::stride]
