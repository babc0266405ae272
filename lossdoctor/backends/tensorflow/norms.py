"""Norms: how large each variable's gradient is, inside the step.

One pass over a gradient is little beside the step that made it, unless the batch is small and the variable large
(three Dense of 768 at 32 rows: 3 to 9 % of the step). There, large gradients are measured whole only in every few steps.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import lossdoctor.backends.tensorflow.host_values as host_values
import lossdoctor.backends.tensorflow.replicas as replicas
from lossdoctor.backends.base import SKIPPED

LARGE = 2**16  # entries of a gradient from which on a pass over it takes longer than two operations
MOST = 8  # steps from one whole measurement to the next, at most
ALL = 2**31 - 1  # rows; a slice ends where its tensor does


class Norms:
    """Half the squared L2 norm of each trainable variable's gradient.

    Args:
        model: a keras.Model.
        step: returns, at trace time, how many steps were done before this one (a tensor).
    """

    def __init__(self, model: Any, step: Callable[[], Any]):
        self._model, self._step = model, step
        self.paths: list[str] = [v.path for v in model.trainable_variables]
        self.every = 1  # large gradients are whole in the steps whose number this divides
        self._every: Any = None  # the same on the device; None when there is nothing to leave out
        self._large: set[str] = set()  # paths of large gradients
        self._last: np.ndarray | None = None  # norms of the last whole step that was flushed

    # At trace time, inside the step

    def measure(self, gradients: Sequence[Any], variables: Sequence[Any]) -> list[Any]:
        """Returns a scalar per trainable variable, 0 for one without a gradient; the host takes the roots."""
        import tensorflow as tf

        paths = [v.path for v in variables] if variables else self.paths
        self.paths = self.paths or paths  # a model that was not built when fit began
        norms = dict.fromkeys(self.paths, tf.constant(0.0))
        there = {p: g for p, g in zip(paths, gradients, strict=True) if g is not None and p in norms}
        summed = {path: _summed(g) for path, g in there.items()}
        large = {path for path, g in summed.items() if self._is_large(g)}
        self._large |= large
        rows = self._rows() if large else None
        parts = [g[:rows] if path in large else g for path, g in summed.items()]
        whole = replicas.total([tf.cast(part, tf.float32) for part in parts])
        norms |= {path: tf.nn.l2_loss(g) for path, g in zip(there, whole, strict=True)}
        return list(norms.values())

    def _is_large(self, gradient: Any) -> bool:
        entries = gradient.shape.num_elements()
        # XLA compiles no slice whose size it does not know.
        alone = replicas.count() == 1 and not getattr(self._model, "jit_compile", True)
        return alone and entries is not None and entries >= LARGE

    def _rows(self) -> Any:
        """Returns how many rows of a large gradient to measure: one in the steps that leave it out.

        One, as what is not finite in a gradient is seldom so in a part of it only. The same number for all: asked for
        one by one, it cost what was saved.
        """
        import tensorflow as tf

        if self._every is None:
            self._every = replicas.variable(1, tf.int64)
        return tf.where(self._step() % self._every == 0, ALL, 1)

    # On the host, between steps

    def adapt(self, step_seconds: float, share: float) -> None:
        """Leaves out as many steps as it takes to stay below `share` of the time of a step."""
        large = [v for v in self._model.trainable_variables if v.path in self._large]
        if large and step_seconds > 0.0:
            needed = math.ceil(_seconds(large) / (share * step_seconds))
            self.every = min(max(1, needed), MOST)
            self._every.assign(self.every)

    def finished(self, halves: np.ndarray, first: int) -> np.ndarray:
        """Returns the L2 norms [steps, variables] from what the steps from number `first` on measured.

        Where a large gradient was left out, that of the last whole step stands in for it.
        """
        skipped = halves == SKIPPED
        norms = np.where(skipped, SKIPPED, np.sqrt(2.0 * np.abs(halves)))
        if not self._large or not len(norms):
            return norms
        whole = ((first + np.arange(len(norms))) % self.every == 0) & np.isfinite(norms).all(1)
        whole &= ~skipped.all(1)
        known = norms if self._last is None else np.vstack([self._last, norms])
        offset = len(known) - len(norms)
        last = np.maximum.accumulate(np.where(whole, np.arange(len(norms)), -offset)) + offset
        large = np.array([path in self._large for path in self.paths])
        stand_in = ~whole[:, None] & large & np.isfinite(norms) & ~skipped
        self._last = known[last[-1]]
        return np.where(stand_in, known[last], norms)


def _seconds(variables: list[Any]) -> float:
    """Returns how long a pass over these variables takes, which are as large as their gradients.

    The time of all processors, where it is longer: within a step the others have work of their own.
    """
    import tensorflow as tf

    values = [host_values.tensor(v) for v in variables]
    tf.nn.l2_loss(values[0][:1]).numpy()  # loads what the operation needs
    wall, cpu = time.perf_counter(), time.process_time()
    for value in values:
        tf.nn.l2_loss(value).numpy()
    return max(time.perf_counter() - wall, time.process_time() - cpu)


def _summed(gradient: Any) -> Any:
    """Returns a gradient's entries with those of repeated rows (sparse, from an Embedding) added up."""
    import tensorflow as tf

    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    # Dense, as tf.unique has no static shape and so does not compile under XLA.
    return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, gradient.dense_shape[0])
