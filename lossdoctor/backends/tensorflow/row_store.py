"""RowStore: holds rows of the data on the device, inside the compiled step."""

from __future__ import annotations

from typing import Any

import numpy as np

import lossdoctor.backends.tensorflow.replicas as replicas
from lossdoctor.backends.sample import SAMPLE_ROWS, Sample
from lossdoctor.backends.tensorflow.branch import unless

MAX_BYTES = 256 * 2**20  # a sample larger than this is not worth its memory


class RowStore:
    """The last rows (at most `SAMPLE_ROWS`) that `add` was given, with their pytree structure.

    All in one variable, as bytes: each variable that a step may touch takes 3 to 5 microseconds to hand over to it,
    touched or not. A sliding window is used because it needs no indices: it compiles under XLA with any batch size.

    Args:
        windows: how many such sets of rows to hold, numbered from 0.
    """

    def __init__(self, windows: int = 1) -> None:
        self._windows = windows
        # tf.Variable [windows, SAMPLE_ROWS, 1 + bytes of a row], uint8: 1, then the row; 0 where there is none yet
        self._rows: Any = None
        self._leaves: list[tuple[Any, Any] | None] = []  # dtype and tf.TensorShape of a row's parts
        self._structure: Any = None
        self._given: Sample | None = None
        self._final: int | None = None  # rows at the time of `close`
        self.missing: str | None = None  # why nothing can be held

    def open(self, batch: Any) -> None:
        """Makes the variable for rows like those of `batch`. Runs at trace time, before anything else is asked."""
        from keras import tree

        if replicas.index() == 0 and self.missing is None and self._rows is None:
            self._create(batch, tree.flatten(batch))

    def add(self, batch: Any, when: Any, window: int = 0, *, masked: bool = False) -> None:
        """Adds a batch's rows where the boolean tensor `when` is true. Runs at trace time, after `open`.

        Args:
            batch: (x, y, sample_weight), pytrees of tensors or None.
            when: boolean scalar tensor.
            window: to which set.
            masked: write what was there instead of leaving the write out. TensorFlow 2.16 cannot run a branch
                within a branch under a tf.distribute strategy.
        """
        import tensorflow as tf
        from keras import tree

        leaves = tree.flatten(batch)
        # The first replica's share of the batches is enough.
        if replicas.index() != 0 or self._rows is None or not self._like_before(leaves):
            return

        def write(really: Any = None) -> None:
            windows = tf.unstack(self._rows.value())
            old, new = windows[window], self._moved_on(windows[window], leaves)
            windows[window] = new if really is None else tf.where(really, new, old)
            self._rows.assign(tf.stack(windows))

        if masked:
            write(when)
        else:
            unless(~when, write)

    def _create(self, batch: Any, leaves: list[Any]) -> None:
        from keras import tree

        self.missing = _why_not(leaves)
        if self.missing or not any(leaf is not None for leaf in leaves):
            return
        self._leaves = [None if a is None else (a.dtype, a.shape[1:]) for a in leaves]
        width = 1 + sum(_bytes(*spec) for spec in self._leaves if spec is not None)
        self._rows = replicas.variable(np.zeros([self._windows, SAMPLE_ROWS, width], np.uint8))
        self._structure = tree.map_structure(lambda _: 0, batch)

    def _like_before(self, leaves: list[Any]) -> bool:
        shapes = [None if a is None else a.shape[1:] for a in leaves]
        return shapes == [None if spec is None else spec[1] for spec in self._leaves]

    def _moved_on(self, old: Any, leaves: list[Any]) -> Any:
        """Returns the window `old` after the rows of `leaves`. Each part by itself: they may differ in their number."""
        import tensorflow as tf

        pairs = [(a, spec) for a, spec in zip(leaves, self._leaves, strict=True) if spec is not None]
        there = tf.ones([tf.shape(pairs[0][0])[0], 1], tf.uint8)
        parts = [there, *(_as_bytes(tf.cast(a, dtype)) for a, (dtype, _) in pairs)]
        windows = tf.split(old, [1, *(_bytes(*spec) for _, spec in pairs)], 1)
        both = [tf.concat([w, part], 0) for w, part in zip(windows, parts, strict=True)]
        return tf.concat([rows[-SAMPLE_ROWS:] for rows in both], 1)

    def room(self) -> Any:
        """Returns a boolean tensor: window 0 is not full nor closed, and rows can be held."""
        import tensorflow as tf

        return tf.constant(False) if self._rows is None else self._rows[0, 0, 0] == 0

    def empty(self, window: int) -> Any:
        """Returns a boolean tensor: there is no row in the window yet, and rows can be held."""
        import tensorflow as tf

        return tf.constant(False) if self._rows is None else self._rows[window, -1, 0] == 0

    def close(self) -> None:
        """Adds no more rows to window 0: after an epoch the same ones would come again."""
        if self._rows is not None and self._final is None:
            self._final = self._count(0)
            self._rows[0, 0, 0].assign(1)

    def _count(self, window: int) -> int:
        if window == 0 and self._final is not None:
            return self._final
        return 0 if self._rows is None else int(np.sum(self._rows[window, :, 0]))

    def add_on_host(self, batch: Any) -> None:
        """Takes a batch on the host, for the case that no step got so far as to hold rows. Not at trace time."""
        from keras import tree

        if self._given is None:
            parts = (tree.map_structure(_first_rows, part) for part in batch)
            self._given = Sample(*parts)

    def rows_of(self, window: int = 0) -> Sample | None:
        """Returns the rows of a window, as numpy, or None when there are none."""
        from keras import tree

        rows = self._count(window)
        if not rows:
            return self._given if window == 0 else None
        arrays = _unpacked(self._rows[window, -rows:, 1:].numpy(), self._leaves)
        return Sample(*tree.pack_sequence_as(self._structure, arrays))


def _bytes(dtype: Any, shape: Any) -> int:
    return int(dtype.size * shape.num_elements())


def _as_bytes(tensor: Any) -> Any:
    """Returns [rows, ...] as uint8 [rows, bytes of a row]."""
    import tensorflow as tf

    is_bool = tensor.dtype.is_bool
    as_bytes = tf.cast(tensor, tf.uint8) if is_bool else tf.bitcast(tensor, tf.uint8)
    return tf.reshape(as_bytes, [tf.shape(tensor)[0], _bytes(tensor.dtype, tensor.shape[1:])])


def _unpacked(rows: np.ndarray, leaves: list[tuple[Any, Any] | None]) -> list[np.ndarray | None]:
    """Returns the arrays of which `rows`, bytes [rows, bytes of all parts], were made."""
    arrays: list[np.ndarray | None] = []
    at = 0
    for spec in leaves:
        if spec is None:
            arrays.append(None)
            continue
        dtype, shape = spec
        part = np.ascontiguousarray(rows[:, at : at + _bytes(dtype, shape)])
        arrays.append(part.view(dtype.as_numpy_dtype).reshape(len(rows), *shape))
        at += _bytes(dtype, shape)
    return arrays


def _first_rows(leaf: Any) -> Any:
    return leaf.numpy()[:SAMPLE_ROWS] if hasattr(leaf, "numpy") else None


def _why_not(leaves: list[Any]) -> str | None:
    import tensorflow as tf

    size = 0
    for leaf in leaves:
        if leaf is None:
            continue
        if not isinstance(leaf, tf.Tensor) or leaf.dtype == tf.string:
            return f"the data holds {type(leaf).__name__}s of {getattr(leaf, 'dtype', 'unknown type')}"
        if leaf.shape.rank in (None, 0) or None in leaf.shape[1:]:
            return f"the data has the shape {leaf.shape}, of which only the first axis may be unknown"
        size += SAMPLE_ROWS * _bytes(leaf.dtype, leaf.shape[1:])
    return f"{SAMPLE_ROWS} rows of the data take {size / 2**20:.0f} MiB" if size > MAX_BYTES else None
