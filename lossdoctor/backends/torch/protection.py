"""PyTorch's Protection: the guard in the step, the factor on the rate and the snapshots, as one."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossdoctor.backends.torch.guard import Guard
from lossdoctor.backends.torch.hooks import Hooks
from lossdoctor.backends.torch.rate_scale import RateScale
from lossdoctor.backends.torch.snapshots import Snapshots


def obstacle(model: Any) -> str | None:
    """See `base.Backend.guard_obstacle`."""
    return "with torch.compile (jit_compile=True)" if model.jit_compile else None


class TorchProtection:
    """See `base.Protection`."""

    def __init__(self, model: Any, *, limit: bool, snapshots: int, folder: Path | None):
        self._model, self._bounded = model, limit
        self._hooks, self._guard = Hooks.of(model), Guard(model)
        self._snapshots = Snapshots(model, snapshots, folder)
        self._hooks.add(self._guard)
        self._rate = RateScale(model)

    @property
    def sees_loss(self) -> bool:
        return self._guard.sees_loss

    @property
    def steps(self) -> int:
        return self._guard.steps

    @property
    def user_rate(self) -> float | None:
        return self._rate.user_rate

    @property
    def scheduled(self) -> bool:
        return self._rate.scheduled

    @property
    def snapshot_steps(self) -> Sequence[int]:
        return self._snapshots.steps

    def begin(self, step: int) -> bool:
        if not self._snapshots.steps:
            self._snapshots.take(step)
        return True

    def flush(self) -> np.ndarray:
        return self._guard.flush()

    def set_limit(self, limit: float | None) -> None:
        open_ended = limit is None or (limit >= 0.0 and not self._bounded)
        self._guard.limit = math.inf if limit is None or open_ended else limit

    def set_scale(self, scale: float) -> None:
        self._rate.scale = scale

    def take_snapshot(self, step: int) -> None:
        self._snapshots.take(step)

    def restore(self, before: int) -> int:
        step = self._snapshots.restore(before)
        # One NaN makes Keras's running mean NaN for the rest of the epoch: it starts again from here.
        self._model.reset_metrics()
        self._guard.flush()
        return step

    def stop(self, scale: float) -> bool:
        self._hooks.remove(self._guard)
        self._snapshots.clear()
        return self._rate.settle(scale)
