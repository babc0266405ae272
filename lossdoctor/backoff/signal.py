"""Signal: what one training step looked like from outside."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Signal:
    """One training step.

    Attributes:
        step: index of the batch within the run, from 0.
        loss: true loss of the batch (not a running mean); None when the step computes none we can see.
        norm: global L2 norm of the unclipped gradients; None when unknown.
        applied: False when the update was skipped in the step (not finite, or far beyond all before it).
        dead: share of gradient entries that are exactly zero, 0 to 1; None when not measured.
        trivial: loss of the best constant prediction; None when it cannot be told.
        rate: the user's own learning rate at this step, before our scale; None when unknown.
        done: share of the training that is done, 0 to 1; None when its length is unknown.
        epoch: share of the training that one epoch is, 0 to 1; None when its length is unknown.
    """

    step: int
    loss: float | None = None
    norm: float | None = None
    applied: bool = True
    dead: float | None = None
    trivial: float | None = None
    rate: float | None = None
    done: float | None = None
    epoch: float | None = None

    @property
    def finite(self) -> bool:
        """True when neither the loss nor the gradient norm is NaN or infinite."""
        return all(v is None or math.isfinite(v) for v in (self.loss, self.norm))
