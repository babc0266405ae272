"""Guard: skips a bad update inside the compiled step and writes down what each step looked like."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import lossdoctor.backends.tensorflow.host_values as host_values
from lossdoctor import keras_private
from lossdoctor.backends.base import GUARD_COLUMNS
from lossdoctor.backends.constant_loss import loss_name, trivial_loss
from lossdoctor.backends.tensorflow.branch import unless
from lossdoctor.backends.tensorflow.hooks import Hooks, Observer

RING = 64  # steps held on the device between two flushes, at least
SAMPLE = 8192  # entries of a gradient whose zeros are counted: 0.5 % standard error of a share
NO_UPDATE = (-1.0, 1.0, -1.0)  # norm, applied, dead of a step in which no update was asked for


class Guard(Observer):
    """Lets an update through only when loss, gradients and statistics are finite and the norm is in bounds.

    A skipped update leaves weights and optimizer slots as they were (the optimizer is not called); float
    state that the forward pass has already changed (BatchNorm statistics, metrics) is put back. A step that
    a LossScaleOptimizer skips by itself never reaches the guard and counts as a step without an update,
    unless its rows are not finite.

    Args:
        model: a built keras.Model with Hooks.
        steps: the most steps between two flushes.
        limit: watch the gradient norms against `set_limit` and count zero entries.
    """

    def __init__(self, model: Any, steps: int = 1, *, limit: bool = True):
        import tensorflow as tf

        self._model, self._hooks, self._name = model, Hooks.of(model), loss_name(model)
        self._size, self._bounded, self._flushed = max(RING, 2 * steps), limit, 0
        self._cursor = tf.Variable(0, dtype=tf.int64, trainable=False)
        self._ring = tf.Variable(tf.zeros([self._size, len(GUARD_COLUMNS)]), trainable=False)
        self._limit = tf.Variable(np.inf, dtype=tf.float32, trainable=False)
        self._inner = tf.Variable(NO_UPDATE, dtype=tf.float32, trainable=False)

    # At trace time, inside the step

    def before_step(self, data: Any) -> None:
        import tensorflow as tf

        self._graph = tf.compat.v1.get_default_graph()
        self._loss = self._trivial = tf.constant(np.nan)
        self._updates: list[tuple[Any, Any, Any]] = []  # norm, fine, dead
        self._in_inner_graph = False
        self._before = [(v, tf.convert_to_tensor(v)) for v in self._changed_by_forward()]
        self._data = data

    def on_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
        import tensorflow as tf

        self._loss = tf.reshape(tf.cast(loss, tf.float32), [])
        # The penalties are part of the loss, and a constant prediction would pay them too.
        self._trivial = trivial_loss(self._name, y, y_pred, sample_weight) + _penalty(self._model)

    def around_apply(
        self, proceed: Callable[[], Any], gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        import tensorflow as tf

        norm, dead = measure([g for g in gradients if g is not None])
        fine = tf.math.is_finite(norm) & (norm <= self._limit) & self._statistics_finite()
        if self._hooks.saw_loss:
            fine &= tf.math.is_finite(self._loss)
        _run_if(fine, proceed)
        if tf.executing_eagerly() or tf.compat.v1.get_default_graph() is self._graph:
            self._updates.append((norm, fine, dead))
        else:  # in a branch of the loss scaling: only a variable gets the numbers out
            self._inner.assign(tf.stack([norm, tf.cast(fine, tf.float32), dead]))
            self._in_inner_graph = True

    def after_step(self, logs: Any) -> None:
        import tensorflow as tf

        updates = list(self._updates)
        if self._in_inner_graph:
            norm, applied, dead = tf.unstack(self._inner.value())
            updates.append((norm, applied > 0.0, dead))
            self._inner.assign(NO_UPDATE)  # a step in which the branch is not taken leaves none
        norm, fine, dead = worst(updates)
        fine &= self._statistics_finite()
        if self._hooks.saw_loss:
            fine &= tf.math.is_finite(self._loss)
        if self._in_inner_graph:
            # The loss scaling skips such a step by itself and says nothing, and a ReLU makes 0 of NaN: only
            # the rows tell it from a scale that was too high, which is no fault.
            fine &= _finite(self._data)
        if self._before:
            unless(fine, self._put_back)
        row = tf.stack([self._loss, norm, tf.cast(fine, tf.float32), dead, self._trivial])
        self._write(row)

    def _changed_by_forward(self) -> list[Any]:
        """Returns statistics and metrics: float state that a skipped step has changed by then."""
        # Asked for in each trace: a model that its first step builds has its statistics only in the second.
        self._statistics = [v for v in keras_private.statistics(self._model) if _is_float(v)]
        return [*self._statistics, *(v for v in self._model.metrics_variables if _is_float(v))]

    def _write(self, row: Any) -> None:
        import tensorflow as tf

        with tf.control_dependencies([row]):  # a step whose data failed to come does not count
            at = self._cursor.assign_add(1) - 1
        self._ring.scatter_nd_update([[at % self._size]], [row])

    def _put_back(self) -> None:
        for variable, value in self._before:
            variable.assign(value)

    def _statistics_finite(self) -> Any:
        import tensorflow as tf

        return _finite([tf.convert_to_tensor(v) for v in self._statistics])

    # On the host, between steps

    @property
    def sees_loss(self) -> bool:
        """True when the step computes its loss through compute_loss."""
        return self._hooks.saw_loss

    @property
    def steps(self) -> int:
        """Steps done so far."""
        return int(host_values.tensor(self._cursor))

    def set_limit(self, limit: float | None) -> None:
        """Updates with a gradient norm above `limit` are skipped from now on; None: only non-finite ones.

        Below 0 all of them are, also where norms are not to be watched.
        """
        self._limit.assign(np.inf if limit is None or (limit >= 0.0 and not self._bounded) else limit)

    def flush(self) -> np.ndarray:
        """Returns the rows since the last flush, [steps, GUARD_COLUMNS]; without those that the ring lost."""
        now, ring = self.steps, host_values.tensor(self._ring).numpy()
        first = max(self._flushed, now - self._size)
        self._flushed = now
        return ring[np.arange(first, now) % self._size].astype(np.float64)


def worst(updates: Sequence[tuple[Any, Any, Any]]) -> tuple[Any, Any, Any]:
    """Returns norm, whether it was let through, and share of zeros: of all updates of a step the worst."""
    import tensorflow as tf

    if not updates:
        norm, applied, dead = NO_UPDATE
        return tf.constant(norm), tf.constant(applied > 0.0), tf.constant(dead)
    if len(updates) == 1:
        return updates[0]
    norms, fines, deads = (tf.stack(values) for values in zip(*updates, strict=True))
    return tf.reduce_max(norms), tf.reduce_all(fines), tf.reduce_max(deads)


def _penalty(model: Any) -> Any:
    import tensorflow as tf

    penalties = [tf.cast(p, tf.float32) for p in model.losses]
    return tf.add_n(penalties) if penalties else 0.0


def _finite(data: Any) -> Any:
    import tensorflow as tf
    from keras import tree

    dense = [t for t in tree.flatten(data) if isinstance(t, tf.Tensor) and t.dtype.is_floating]
    # Not a sum of t * 0, which is NaN when any is bad: Grappler makes a constant of it.
    fine = [tf.reduce_all(tf.math.is_finite(t)) for t in dense]
    return tf.reduce_all(tf.stack(fine)) if fine else tf.constant(True)


def _is_float(variable: Any) -> bool:
    return "float" in str(variable.dtype)


def measure(gradients: list[Any]) -> tuple[Any, Any]:
    """Returns the global L2 norm and the share of entries that are exactly zero (-1 when all are sparse).

    Counting takes longer than the norm, so in a large gradient only about SAMPLE entries are counted.
    """
    import tensorflow as tf

    squares = [tf.nn.l2_loss(tf.cast(_values(g), tf.float32)) for g in gradients]
    norm = tf.sqrt(2.0 * tf.add_n(squares)) if squares else tf.constant(0.0)
    dense = [tf.cast(_sampled(g), tf.float32) for g in gradients if not isinstance(g, tf.IndexedSlices)]
    if not dense:
        return norm, tf.constant(-1.0)
    entries = tf.concat(dense, 0)  # counted at once: each operation costs a small model some microseconds
    return norm, tf.reduce_mean(tf.cast(tf.equal(entries, 0.0), tf.float32))


def _sampled(gradient: Any) -> Any:
    """Returns entries of all rows and columns: every so many, by a number that the last axis does not share."""
    import tensorflow as tf

    flat = tf.reshape(gradient, [-1])
    stride = (gradient.shape.num_elements() or 0) // SAMPLE
    if stride < 2:
        return flat
    while math.gcd(stride, gradient.shape[-1]) > 1:
        stride += 1
    return flat[::stride]


def _values(gradient: Any) -> Any:
    return getattr(gradient, "values", gradient)


def _run_if(fine: Any, proceed: Callable[[], Any]) -> None:
    # Not `unless`: an update kept in one piece is optimized by itself, and some of its last bits change.
    import tensorflow as tf

    def run() -> Any:
        proceed()
        return tf.constant(0)

    tf.cond(fine, run, lambda: tf.constant(0))
