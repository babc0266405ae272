"""A branch of the compiled step that is rarely taken, and costs next to nothing while it is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def unless(fine: Any, action: Callable[[], None]) -> None:
    """Runs `action` (operations on variables) in the steps in which the boolean tensor `fine` is false.

    TensorFlow takes a conditional apart into Switch and Merge nodes, and runs every graph that holds such nodes
    by a slower way: measured on a CPU, 7 to 10 % of a step of 0.7 to 1.5 ms. Kept in one piece it is one
    operation. On other devices it is left as TensorFlow has it: there one piece is bound to one device.
    """
    import tensorflow as tf

    def nothing() -> Any:
        return tf.constant(0)

    def something() -> Any:
        action()
        return tf.constant(0)

    result = tf.cond(fine, nothing, something)
    if not tf.executing_eagerly() and not tf.config.list_logical_devices("GPU"):
        _keep_whole(result.op)


def _keep_whole(op: Any) -> None:
    if op.type == "Identity":
        op = op.inputs[0].op
    # A private method of TensorFlow: without it, or with other nodes, a step only is as slow as usual.
    if op.type in ("If", "StatelessIf") and hasattr(op, "_set_attr"):
        from tensorflow.core.framework.attr_value_pb2 import AttrValue

        op._set_attr("_lower_using_switch_merge", AttrValue(b=False))
