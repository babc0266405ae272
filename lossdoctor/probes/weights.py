"""WeightLook: how large the weights are and how far they moved, looked at between steps."""

from __future__ import annotations

from typing import Any

import numpy as np


class WeightLook:
    """Compares the trainable variables with how they were at the last `anchor()`.

    Plain eager operations: tracing a function for it would cost a small model more than all its looks.
    A tensor that is held keeps its values, as TensorFlow copies a variable's buffer on write.
    """

    def __init__(self, model: Any):
        self._variables = list(model.trainable_variables)
        self._anchor: list[Any] | None = None

    def anchor(self) -> None:
        import tensorflow as tf

        self._anchor = [tf.identity(v.value) for v in self._variables]

    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns L2 norms [variables] of the weights and of their move since the anchor."""
        import tensorflow as tf

        if self._anchor is None:
            self.anchor()
        anchors = self._anchor or []
        weights = [norm(v.value) for v in self._variables]
        moves = [norm(v.value - a) for v, a in zip(self._variables, anchors, strict=True)]
        both = tf.stack(weights + moves).numpy() if weights else np.zeros(0)
        return both[: len(weights)].astype(np.float64), both[len(weights) :].astype(np.float64)


def norm(value: Any) -> Any:
    """Returns the L2 norm of a tensor or variable as a float32 scalar tensor."""
    import tensorflow as tf

    return tf.sqrt(2.0 * tf.nn.l2_loss(tf.cast(value, tf.float32)))
