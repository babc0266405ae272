"""What a batch tells about itself inside the step: how large its entries are, and of which shape its targets."""

from __future__ import annotations

from typing import Any

import numpy as np


def entries(tensors: list[Any]) -> int | None:
    """Returns how many entries a row of all tensors together has; None when that is not known before the step."""
    per_row = [t.shape[1:].num_elements() if t.shape.rank else None for t in tensors]
    return None if None in per_row else max(1, sum(count for count in per_row if count is not None))


def squares(tensors: list[Any], rows: Any, count: int | None, first: int) -> Any:
    """Returns half the sum of squares of all entries, as if a row had `first` entries (0: 1 entry)."""
    import tensorflow as tf

    if not tensors:
        return tf.constant(np.nan)
    each = [tf.nn.l2_loss(tf.cast(t, tf.float32)) for t in tensors]
    total = each[0] if len(each) == 1 else tf.add_n(each)
    if count == first:
        return total
    entries = tf.cast(sum(tf.size(t) for t in tensors), tf.float32)
    return total * rows * np.float32(max(1, first)) / entries


def numeric(value: Any) -> bool:
    import tensorflow as tf

    return isinstance(value, tf.Tensor) and (
        value.dtype.is_floating or value.dtype.is_integer or value.dtype.is_bool
    )


def outlines(targets: Any) -> list[tuple[str | None, tuple[int | None, ...], str]]:
    """Returns name, shape without the batch axis and dtype of each target, [] where the rank is open.

    All that is known of them when Keras refuses the first step.
    """
    import tensorflow as tf
    from keras import tree

    in_order = [(None, leaf) for leaf in tree.flatten(targets)]
    pairs = sorted(targets.items()) if isinstance(targets, dict) else in_order
    leaves = [(name, tf.TensorShape(t.shape), t.dtype) for name, t in pairs if hasattr(t, "shape")]
    if any(shape.rank in (None, 0) for _, shape, _ in leaves):
        return []
    return [(name, tuple(shape[1:]), tf.as_dtype(dtype).name) for name, shape, dtype in leaves]
