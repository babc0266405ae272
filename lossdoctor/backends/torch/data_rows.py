"""Rows of the user's data, held by reference or as small copies."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import torch
from keras import tree

from lossdoctor.backends.base import TargetSpec
from lossdoctor.backends.sample import SAMPLE_ROWS, Sample

MAX_BYTES = 256 * 2**20  # a sample larger than this is not worth its memory


class FirstRows:
    """The first rows that it is given, SAMPLE_ROWS at most.

    Attributes:
        missing: why none can be held, one clause; None when they can.
    """

    def __init__(self) -> None:
        self.missing: str | None = None
        self._batches: list[Any] = []
        self._room = SAMPLE_ROWS

    @property
    def open(self) -> bool:
        return self._room > 0 and self.missing is None

    def add(self, batch: Any) -> None:
        """Takes the rows of a batch (x, y, sample_weight) for which there is room."""
        if not self.open:
            return
        self.missing = why_not(batch) if not self._batches else None
        if self.missing is None and (not self._batches or _like(batch, self._batches[0])):
            taken = tree.map_structure(lambda a: _some(a, slice(self._room)), batch)
            self._batches.append(taken)
            self._room -= _rows(taken)

    def close(self) -> None:
        """Takes no more: after an epoch the same rows would come again. Without effect while there are none."""
        if self._batches:
            self._room = 0

    def rows(self) -> Sample | None:
        """Returns them as numpy arrays, None without any."""
        if not self._batches:
            return None
        arrays = [tree.map_structure(_array, batch) for batch in self._batches]
        joined = tree.map_structure(
            lambda *parts: None if parts[0] is None else np.concatenate(parts), *arrays
        )
        self._batches = [joined]
        return Sample(*joined)


def last_rows(batch: Any) -> Sample | None:
    """Returns the last SAMPLE_ROWS rows of a batch as numpy arrays, None where they cannot be held."""
    if why_not(batch) is not None:
        return None
    return Sample(*tree.map_structure(lambda a: _array(_some(a, slice(-SAMPLE_ROWS, None))), batch))


def target_specs(y: Any) -> list[TargetSpec]:
    """Returns name, shape without the batch axis and dtype of each target."""
    pairs = sorted(y.items()) if isinstance(y, dict) else [(None, leaf) for leaf in tree.flatten(y)]
    leaves = [
        (name, tuple(a.shape), keras.backend.standardize_dtype(a.dtype)) for name, a in pairs if _dense(a)
    ]
    return [(name, shape[1:], dtype) for name, shape, dtype in leaves if shape]


def size(batch: Any) -> int:
    """Returns the bytes of a batch."""
    return sum(int(getattr(leaf, "nbytes", 0)) for leaf in tree.flatten(batch))


def why_not(batch: Any) -> str | None:
    """Returns why rows of such batches cannot be held, a clause; None when they can."""
    total = 0
    for leaf in (a for a in tree.flatten(batch) if a is not None):
        if not _dense(leaf) or leaf.dtype == object:
            return f"the data holds {type(leaf).__name__}s of {getattr(leaf, 'dtype', 'unknown type')}"
        if leaf.ndim == 0:
            return f"the data has the shape {tuple(leaf.shape)}, which has no axis of rows"
        total += SAMPLE_ROWS * (leaf.nbytes // max(1, leaf.shape[0]))
    return f"{SAMPLE_ROWS} rows of the data take {total / 2**20:.0f} MiB" if total > MAX_BYTES else None


def _dense(leaf: Any) -> bool:
    if isinstance(leaf, torch.Tensor):
        return leaf.layout == torch.strided
    return isinstance(leaf, np.ndarray)


def _some(leaf: Any, rows: slice) -> Any:
    """Returns a copy of some rows: whoever made the batch may write to it again, and a view would hold all of it."""
    if leaf is None:
        return None
    return np.array(leaf[rows]) if isinstance(leaf, np.ndarray) else leaf[rows].detach().clone()


def _array(leaf: Any) -> Any:
    return None if leaf is None else keras.ops.convert_to_numpy(leaf)


def _rows(batch: Any) -> int:
    leaves = [a for a in tree.flatten(batch) if a is not None]
    return int(leaves[0].shape[0]) if leaves else SAMPLE_ROWS


def _like(batch: Any, first: Any) -> bool:
    shapes = [[None if a is None else tuple(a.shape[1:]) for a in tree.flatten(b)] for b in (batch, first)]
    return shapes[0] == shapes[1]
