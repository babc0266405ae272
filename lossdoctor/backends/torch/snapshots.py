"""Snapshots of everything a training step changes, in memory on the device or on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from lossdoctor.backends.retention import to_drop
from lossdoctor.backends.torch import state


class Snapshots:
    """A few earlier states of a model; the initial one is always among them.

    Args:
        model: a built model.
        capacity: how many to hold, 2 or more.
        folder: hold them there as .pt files; None holds them on the device.
    """

    def __init__(self, model: Any, capacity: int, folder: Path | None = None):
        self._tensors = state.tensors(model)
        self._capacity, self._folder = capacity, folder
        self._held: list[tuple[int, Any]] = []

    @property
    def steps(self) -> list[int]:
        """Steps that were done when each snapshot was made, oldest first."""
        return [step for step, _ in self._held]

    def take(self, step: int) -> None:
        """Holds the present state, as that after `step` steps."""
        held = [t.clone() for t in self._tensors] if self._folder is None else self._save(step)
        self._held.append((step, held))
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
        step, held = self._held[-1]
        state.put_back(self._tensors, torch.load(held) if isinstance(held, Path) else held)
        return step

    def clear(self) -> None:
        """Forgets all snapshots and removes their files."""
        while self._held:
            self._forget(self._held.pop()[1])

    def _save(self, step: int) -> Path:
        assert self._folder is not None
        self._folder.mkdir(parents=True, exist_ok=True)
        path = self._folder / f"lrbackoff-{step}.pt"
        torch.save([t.clone() for t in self._tensors], path)
        return path

    def _forget(self, held: Any) -> None:
        if isinstance(held, Path):
            held.unlink(missing_ok=True)
