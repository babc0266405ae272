"""TensorFlow's StepWatch: the probe in the step, the rows that it holds, and the initial state, as one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lossdoctor import keras_private
from lossdoctor.backends.base import TargetSpec
from lossdoctor.backends.sample import Sample
from lossdoctor.backends.tensorflow.hooks import Hooks, Observer
from lossdoctor.backends.tensorflow.initial_state import InitialState
from lossdoctor.backends.tensorflow.step import BAD_BATCH, SAMPLE, StepProbe


class TensorFlowWatch:
    """See `base.StepWatch`."""

    def __init__(self, model: Any, steps_per_execution: int = 1):
        self.probe = StepProbe(model, steps_per_execution)
        self.capacity = self.probe.size
        self._hooks = Hooks.of(model)
        unbuilt = not keras_private.is_built(model)
        self._initial = InitialState(model, lambda: model.weights) if unbuilt else None

    @property
    def loss_source(self) -> str:
        return self.probe.loss_source

    @property
    def target_specs(self) -> Sequence[TargetSpec]:
        return self.probe.target_specs

    @property
    def missing(self) -> str | None:
        return self.probe.rows.missing

    @property
    def error(self) -> str | None:
        return self._hooks.error

    @property
    def failures(self) -> Sequence[str]:
        return self._hooks.failures

    @property
    def _observers(self) -> list[Observer]:
        return [self.probe] if self._initial is None else [self.probe, self._initial]

    def start(self) -> None:
        for observer in self._observers:
            self._hooks.add(observer)
        self._hooks.install()

    def stop(self) -> None:
        for observer in self._observers:
            self._hooks.remove(observer)

    def flush(self) -> np.ndarray:
        return self.probe.flush()

    def initial_weights(self) -> Mapping[int, np.ndarray]:
        found = [] if self._initial is None else self._initial.hand_over()
        return {id(v): np.asarray(value) for v, value in found}

    def sample(self) -> Sample | None:
        return self.probe.rows.rows_of(SAMPLE)

    def bad_batch(self) -> Sample | None:
        return self.probe.rows.rows_of(BAD_BATCH)

    def validation(self) -> Sample | None:
        return self.probe.validation.rows_of()

    def close_sample(self) -> None:
        self.probe.rows.close()
        self.probe.validation.close()

    def adapt(self, step_seconds: float, share: float) -> None:
        self.probe.norms.adapt(step_seconds, share)
