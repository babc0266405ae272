"""Snapshots of everything a training step changes, in memory on the device or on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

import lossdoctor.backends.tensorflow.host_values as host_values
from lossdoctor import keras_private
from lossdoctor.backends.retention import to_drop


def state_variables(model: Any) -> list[Any]:
    """Returns weights, statistics, seed states and optimizer slots; not the learning rate, not a loss scale.

    Putting the rate back would undo the cut; the loss scale finds its own level.
    """
    found = [*model.trainable_variables, *model.non_trainable_variables]
    for optimizer in keras_private.optimizers(model):
        rate = keras_private.rate_of(optimizer)
        found += [v for v in optimizer.variables if v is not rate]
    return list({id(v): v for v in found}.values())


class Snapshots:
    """A few earlier states of a model; the initial one is always among them.

    Args:
        model: a built model.
        capacity: how many to hold, 2 or more.
        folder: hold them there as .npz files; None holds them on the device.
    """

    def __init__(self, model: Any, capacity: int, folder: Path | None = None):
        self._model = model
        self._capacity, self._folder = capacity, folder
        self._held: list[tuple[int, Any]] = []

    @property
    def steps(self) -> list[int]:
        """Steps that were done when each snapshot was made, oldest first."""
        return [step for step, _ in self._held]

    def take(self, step: int, state: list[tuple[Any, Any]] | None = None) -> None:
        """Holds `state`, variables with their values, as that after `step` steps; the present one without it."""
        state = state or [(v, host_values.tensor(v)) for v in state_variables(self._model)]
        variables = [v for v, _ in state]
        values: Any = [value for _, value in state]
        if self._folder is not None:
            values = self._save(step, values)
        self._held.append((step, (variables, values)))
        index = to_drop(self.steps, self._capacity)
        if index is not None:
            self._forget(self._held.pop(index)[1])

    def restore(self, before: int) -> int:
        """Puts the newest state made at or before step `before` back (else the oldest there is).

        Returns:
            The step at which that snapshot was made. Newer ones are dropped.
        """
        while len(self._held) > 1 and self._held[-1][0] > before:
            self._forget(self._held.pop()[1])
        step, (variables, values) = self._held[-1]
        for variable, value in zip(variables, self._load(values), strict=True):
            variable.assign(value)
        known = {id(v) for v in variables}
        for variable in state_variables(self._model):
            if id(variable) not in known:  # a slot that was made after the snapshot
                variable.assign(tf.zeros_like(tf.convert_to_tensor(variable)))
        return step

    def clear(self) -> None:
        """Forgets all snapshots and removes their files."""
        while self._held:
            self._forget(self._held.pop()[1])

    def _save(self, step: int, values: list[Any]) -> Path:
        assert self._folder is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"lrbackoff-{step}.npz"
        np.savez(path, *[v.numpy() for v in values])
        return path

    def _load(self, values: Any) -> list[Any]:
        if not isinstance(values, Path):
            return list(values)
        with np.load(values) as arrays:
            return [arrays[f"arr_{i}"] for i in range(len(arrays.files))]

    def _forget(self, held: Any) -> None:
        if isinstance(held[1], Path):
            held[1].unlink(missing_ok=True)
