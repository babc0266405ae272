"""TensorFlow's Protection: the guard in the step, the factor on the rate and the snapshots, as one."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from lossdoctor import keras_private
from lossdoctor.backends.tensorflow.hooks import Hooks, Observer, build_optimizer
from lossdoctor.backends.tensorflow.initial_state import InitialState
from lossdoctor.backends.tensorflow.rate_scale import RateScale
from lossdoctor.backends.tensorflow.replicated_guard import guard_for
from lossdoctor.backends.tensorflow.snapshots import Snapshots, state_variables


class TensorFlowProtection:
    """See `base.Protection`."""

    def __init__(self, model: Any, *, steps: int, limit: bool, snapshots: int, folder: Path | None):
        self._model = model
        self._hooks = Hooks.of(model)
        self._guard = guard_for(model, steps, limit=limit)
        unbuilt = not keras_private.is_built(model)
        self._initial = InitialState(model, self._state_of_built) if unbuilt else None
        self._snapshots = Snapshots(model, snapshots, folder)
        for observer in self._observers:
            self._hooks.add(observer)
        self._hooks.install()
        self._rate = RateScale(model)

    @property
    def _observers(self) -> list[Observer]:
        return [self._guard] if self._initial is None else [self._initial, self._guard]

    def _state_of_built(self) -> list[Any]:
        build_optimizer(self._model)
        return state_variables(self._model)

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
        if self._snapshots.steps:
            return True
        if self._initial is None:
            build_optimizer(self._model)  # its slots start from values of their own
            self._snapshots.take(step)
        elif self._guard.steps:
            self._snapshots.take(step, self._initial.hand_over())
        return bool(self._snapshots.steps)

    def flush(self) -> np.ndarray:
        return self._guard.flush()

    def set_limit(self, limit: float | None) -> None:
        self._guard.set_limit(limit)

    def set_scale(self, scale: float) -> None:
        self._rate.set(scale)

    def take_snapshot(self, step: int) -> None:
        self._snapshots.take(step)

    def restore(self, before: int) -> int:
        step = self._snapshots.restore(before)
        # One NaN makes Keras's running mean NaN for the rest of the epoch: it starts again from here.
        self._model.reset_metrics()
        self._guard.flush()
        return step

    def stop(self, scale: float) -> bool:
        for observer in self._observers:
            self._hooks.remove(observer)
        self._snapshots.clear()
        return self._rate.undo(scale)
