"""Rows of the user's data, held on the host side of the step by reference or as small copies."""

from __future__ import annotations

from typing import Any

import jax
import keras
import numpy as np
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

    def add(self, data: Any) -> None:
        """Takes the rows of a batch for which there is room."""
        if not self.open:
            return
        batch = keras.utils.unpack_x_y_sample_weight(data)
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


class Tapped:
    """An iterator whose items are also given to `rows`."""

    def __init__(self, iterator: Any, rows: FirstRows):
        self._iterator, self._rows = iterator, rows

    def __iter__(self) -> Tapped:
        return self

    def __next__(self) -> Any:
        item = next(self._iterator)
        self._rows.add(item)
        return item


def last_rows(data: Any) -> Sample | None:
    """Returns the last SAMPLE_ROWS rows of a batch as numpy arrays, None where they cannot be held."""
    batch = keras.utils.unpack_x_y_sample_weight(data)
    if why_not(batch) is not None:
        return None
    return Sample(*tree.map_structure(lambda a: _array(_some(a, slice(-SAMPLE_ROWS, None))), batch))


def target_specs(data: Any) -> list[TargetSpec]:
    """Returns name, shape without the batch axis and dtype of each target."""
    y = keras.utils.unpack_x_y_sample_weight(data)[1]
    pairs = sorted(y.items()) if isinstance(y, dict) else [(None, leaf) for leaf in tree.flatten(y)]
    leaves = [(name, tuple(a.shape), str(a.dtype)) for name, a in pairs if hasattr(a, "shape")]
    return [(name, shape[1:], dtype) for name, shape, dtype in leaves if shape]


def size(data: Any) -> int:
    """Returns the bytes of a batch."""
    return sum(int(getattr(leaf, "nbytes", 0)) for leaf in tree.flatten(data))


def why_not(batch: Any) -> str | None:
    """Returns why rows of such batches cannot be held, a clause; None when they can."""
    total = 0
    for leaf in (a for a in tree.flatten(batch) if a is not None):
        if not isinstance(leaf, (np.ndarray, jax.Array)) or leaf.dtype == object:
            return f"the data holds {type(leaf).__name__}s of {getattr(leaf, 'dtype', 'unknown type')}"
        if leaf.ndim == 0:
            return f"the data has the shape {leaf.shape}, which has no axis of rows"
        total += SAMPLE_ROWS * (leaf.nbytes // max(1, leaf.shape[0]))
    return f"{SAMPLE_ROWS} rows of the data take {total / 2**20:.0f} MiB" if total > MAX_BYTES else None


def _some(leaf: Any, rows: slice) -> Any:
    """Returns some rows: a copy of a numpy array, which its owner may write to, or a jax.Array as it is."""
    if isinstance(leaf, jax.Array) and not leaf.is_fully_addressable:
        leaf = np.concatenate([np.asarray(s.data) for s in leaf.addressable_shards if s.replica_id == 0])
    return None if leaf is None else np.array(leaf[rows]) if isinstance(leaf, np.ndarray) else leaf[rows]


def _array(leaf: Any) -> Any:
    return None if leaf is None else np.asarray(leaf)


def _rows(batch: Any) -> int:
    leaves = [a for a in tree.flatten(batch) if a is not None]
    return int(leaves[0].shape[0]) if leaves else SAMPLE_ROWS


def _like(batch: Any, first: Any) -> bool:
    shapes = [[None if a is None else a.shape[1:] for a in tree.flatten(b)] for b in (batch, first)]
    return shapes[0] == shapes[1]
