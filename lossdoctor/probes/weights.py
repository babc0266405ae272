"""WeightLook: how large the weights are and how far they moved, looked at between steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.probes import peek


class WeightLook:
    """Compares the trainable variables with how they were at the last `anchor()`.

    Plain eager operations: tracing a function for it would cost a small model more than all its looks.
    """

    def __init__(self, model: Any):
        self._variables = list(model.trainable_variables)
        self._anchor: list[Any] | None = None

    def anchor(self) -> None:
        self._anchor = [peek.tensor(v) for v in self._variables]

    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns L2 norms [variables] of the weights and of their move since the anchor."""
        import tensorflow as tf

        if not self._variables:
            return np.zeros(0), np.zeros(0)
        if self._anchor is None:
            self.anchor()
        values, before = [peek.tensor(v) for v in self._variables], self._anchor or []
        moves = [value - a for value, a in zip(values, before, strict=True)]
        halves = tf.stack([tf.nn.l2_loss(tf.cast(t, tf.float32)) for t in values + moves]).numpy()
        both = np.sqrt(2.0 * halves.astype(np.float64))
        return both[: len(values)], both[len(values) :]
