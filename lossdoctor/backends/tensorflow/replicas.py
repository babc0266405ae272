"""tf.distribute: one step that runs as several replicas, seen as one. Nothing else here knows of replicas.

Each replica traces the step in a thread of its own, and sees its share of the batch and of the gradients.
Sums over replicas make them whole; the first replica alone writes them down.
"""

from __future__ import annotations

from typing import Any

SINCE = (2, 21)  # tried: in TensorFlow 2.16 a further all-reduce in Keras's step makes the step fail
UNSUPPORTED = "a tf.distribute strategy before TensorFlow 2.21"


def count() -> int:
    """Returns how many replicas share the step that is being traced; 1 without a distribution.

    Raises:
        NotImplementedError: several replicas, in a TensorFlow in which sums over them break the step.
    """
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    replicas = 1 if context is None else int(context.num_replicas_in_sync)
    if replicas > 1 and not works():
        raise NotImplementedError(f"steps under {UNSUPPORTED}")
    return replicas


def works() -> bool:
    """Returns whether this TensorFlow can sum over replicas within Keras's step."""
    import tensorflow as tf

    return tuple(int(part) for part in tf.__version__.split(".")[:2]) >= SINCE


def of(model: Any) -> int:
    """Returns how many replicas the model was made for, 1 without a distribution."""
    return int(getattr(getattr(model, "distribute_strategy", None), "num_replicas_in_sync", 1))


def index() -> int:
    """Returns the number of the replica that is being traced, 0 without a distribution.

    Raises:
        NotImplementedError: the strategy traces one function for all replicas (TPUStrategy).
    """
    import tensorflow as tf

    if count() == 1:
        return 0
    number = tf.get_static_value(tf.distribute.get_replica_context().replica_id_in_sync_group)
    if number is None:
        raise NotImplementedError("steps under TPUStrategy; nothing inside them was measured")
    return int(number)


def total(values: list[Any]) -> list[Any]:
    """Returns the sums over replicas of tensors; `values` themselves without a distribution."""
    import tensorflow as tf

    if count() == 1 or not values:
        return values
    return list(tf.distribute.get_replica_context().all_reduce(tf.distribute.ReduceOp.SUM, values))


def rows_of_all(row: Any) -> Any:
    """Returns the vectors `row` [k] of all replicas as [replicas, k], on every one of them."""
    import tensorflow as tf

    if count() == 1:
        return row[None]
    mine = tf.one_hot(index(), count(), on_value=True, off_value=False, dtype=tf.bool)[:, None]
    return total([tf.where(mine, row[None], 0.0)])[0]  # where, not a product: 0 * NaN is NaN


def variable(value: Any, dtype: Any = None) -> Any:
    """Returns a plain variable, made outside of the graph that is being traced, for one replica to write."""
    import tensorflow as tf

    # tf.Variable would be mirrored under a strategy, and without one a step that makes any is traced twice. Its
    # class, called as such, makes a plain one.
    from tensorflow.python.ops.resource_variable_ops import ResourceVariable

    with tf.init_scope():
        return ResourceVariable(value, dtype=dtype, trainable=False)
