"""RowStore: keeps rows of the data on the device, inside the compiled step."""

from __future__ import annotations

from typing import Any

from lossdoctor.probes import replicas
from lossdoctor.probes.branch import unless
from lossdoctor.probes.sample import SAMPLE_ROWS, Sample

MAX_BYTES = 256 * 2**20  # a sample larger than this is not worth its memory


class RowStore:
    """The last rows (at most `SAMPLE_ROWS`) that `keep` was given, with their pytree structure.

    A sliding window is used because it needs no indices: it compiles under XLA with any batch size.
    """

    def __init__(self) -> None:
        self._leaves: list[Any] | None = None  # tf.Variables [SAMPLE_ROWS, ...]
        self._structure: Any = None
        self.filled: Any = None  # tf.Variable: rows given so far
        self._given: Sample | None = None
        self._final: int | None = None  # rows at the time of `close`
        self.missing: str | None = None  # why nothing could be kept

    def open(self, batch: Any) -> None:
        """Makes the variables for rows like those of `batch`. Runs at trace time, before anything else is asked."""
        from keras import tree

        if replicas.index() == 0 and self.missing is None and self._leaves is None:
            self._create(batch, tree.flatten(batch))

    def keep(self, batch: Any, when: Any, *, masked: bool = False) -> None:
        """Adds a batch's rows where the boolean tensor `when` is true. Runs at trace time, after `open`.

        Args:
            batch: (x, y, sample_weight), pytrees of tensors or None.
            when: boolean scalar tensor.
            masked: write what was there instead of leaving the write out. TensorFlow 2.16 cannot run a branch
                within a branch under a tf.distribute strategy.
        """
        import tensorflow as tf
        from keras import tree

        if replicas.index() != 0:  # the first replica's share of the batches is enough
            return
        leaves = tree.flatten(batch)
        if self._leaves is None or len(leaves) != len(tree.flatten(self._structure)):
            return
        pairs = [(v, leaf) for v, leaf in zip(self._leaves, leaves, strict=True) if v is not None]
        if not pairs:
            return

        def write(really: Any = None) -> None:
            rows = tf.shape(pairs[0][1], out_type=tf.int64)[0]
            for variable, leaf in pairs:
                old = variable.value()
                new = tf.concat([old, tf.cast(leaf, variable.dtype)], 0)[-SAMPLE_ROWS:]
                variable.assign(new if really is None else tf.where(really, new, old))
            self.filled.assign_add(rows if really is None else tf.where(really, rows, 0))

        if masked:
            write(when)
        else:
            unless(~when, write)

    def _create(self, batch: Any, leaves: list[Any]) -> None:
        import tensorflow as tf
        from keras import tree

        self.missing = _why_not(leaves)
        if self.missing:
            return
        self.filled = replicas.variable(0, tf.int64)
        with tf.init_scope():
            empty = [None if a is None else tf.zeros([SAMPLE_ROWS, *a.shape[1:]], a.dtype) for a in leaves]
        self._leaves = [None if a is None else replicas.variable(a) for a in empty]
        self._structure = tree.map_structure(lambda _: 0, batch)

    def room(self) -> Any:
        """Returns a boolean tensor: fewer than SAMPLE_ROWS rows were kept so far, and they can be kept."""
        import tensorflow as tf

        return tf.constant(False) if self.filled is None else self.filled < SAMPLE_ROWS

    def close(self) -> None:
        """Keeps no more rows: after an epoch the same ones would come again."""
        if self.filled is not None and self._final is None:
            self._final = min(int(self.filled), SAMPLE_ROWS)
            self.filled.assign(SAMPLE_ROWS)

    def give(self, batch: Any) -> None:
        """Takes a batch on the host, for the case that no step got so far as to keep rows. Not at trace time."""
        from keras import tree

        if self._given is None:
            parts = (tree.map_structure(_first_rows, part) for part in batch)
            self._given = Sample(*parts)

    def read(self) -> Sample | None:
        """Returns the rows kept, as numpy, or None when there are none."""
        from keras import tree

        if self._leaves is None or (self._final is None and int(self.filled) == 0):
            return self._given
        rows = min(int(self.filled), SAMPLE_ROWS) if self._final is None else self._final
        if not rows:
            return None
        arrays = [None if v is None else v.numpy()[-rows:] for v in self._leaves]
        return Sample(*tree.pack_sequence_as(self._structure, arrays))


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
        size += SAMPLE_ROWS * leaf.dtype.size * int(leaf.shape[1:].num_elements() or 1)
    return f"{SAMPLE_ROWS} rows of the data take {size / 2**20:.0f} MiB" if size > MAX_BYTES else None
