"""Snapshots of everything a training step changes, in memory on the device or on disk."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lossdoctor import keras_private
from lossdoctor.backends.jax.held_state import present
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


def copied(values: Sequence[Any]) -> list[Any]:
    """Returns copies: the next step gives up the memory of the arrays that it is given."""
    return list(_copies(list(values)))


_copies = jax.jit(lambda values: [jnp.copy(v) for v in values])


class Snapshots:
    """A few earlier states of a model; the initial one is always among them.

    Args:
        model: a built model.
        capacity: how many to hold, 2 or more.
        folder: hold them there as .npz files; None holds them on the device.
    """

    def __init__(self, model: Any, capacity: int, folder: Path | None = None):
        self._model, self._variables = model, state_variables(model)
        self._capacity, self._folder = capacity, folder
        self._held: list[tuple[int, Any]] = []

    @property
    def steps(self) -> list[int]:
        """Steps that were done when each snapshot was made, oldest first."""
        return [step for step, _ in self._held]

    def take(self, step: int) -> None:
        """Holds the present state, as that after `step` steps."""
        values: Any = [present(v) for v in self._variables]
        self._held.append((step, copied(values) if self._folder is None else self._save(step, values)))
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
        step, values = self._held[-1]
        # During an epoch the variables hold nothing: with this they do, and the next step takes what they hold.
        self._model.jax_state_sync()
        for variable, value in zip(self._variables, self._load(values), strict=True):
            variable.assign(value)
        return step

    def clear(self) -> None:
        """Forgets all snapshots and removes their files."""
        while self._held:
            self._forget(self._held.pop()[1])

    def _save(self, step: int, values: Sequence[Any]) -> Path:
        assert self._folder is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"lrbackoff-{step}.npz"
        np.savez(path, *[np.asarray(v) for v in values])
        return path

    def _load(self, values: Any) -> list[Any]:
        if not isinstance(values, Path):
            return copied(values)
        with np.load(values) as arrays:
            read = [arrays[f"arr_{i}"] for i in range(len(arrays.files))]
        # numpy does not know bfloat16 and gives its bytes.
        kinds = [np.dtype(v.dtype) for v in self._variables]
        return [a.view(kind) if a.dtype.kind == "V" else a for a, kind in zip(read, kinds, strict=True)]

    def _forget(self, held: Any) -> None:
        if isinstance(held, Path):
            held.unlink(missing_ok=True)
