"""StepProbe: measures every step on the device: true loss, gradient norms, scale of inputs and targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import lossdoctor.backends.tensorflow.batch_scale as batch_scale
import lossdoctor.backends.tensorflow.host_values as host_values
import lossdoctor.backends.tensorflow.replicas as replicas
from lossdoctor import keras_private
from lossdoctor.backends.base import SKIPPED, STEP_COLUMNS, TargetSpec
from lossdoctor.backends.tensorflow.branch import unless
from lossdoctor.backends.tensorflow.hooks import Hooks, Observer
from lossdoctor.backends.tensorflow.norms import Norms
from lossdoctor.backends.tensorflow.row_store import RowStore

RING = 256  # steps held on the device between two flushes, at least
COLUMNS = STEP_COLUMNS
SAMPLE, BAD_BATCH = 0, 1  # windows of StepProbe.rows
SQUARES = [COLUMNS.index("input_rms"), COLUMNS.index("target_rms")]


class StepProbe(Observer):
    """Writes one row a step into a ring of tf.Variables; `flush` brings the new rows to the host.

    A row holds `COLUMNS` and then the L2 norm of each variable's raw gradient (unscaled, before clipping).

    An operation costs a small model some microseconds, whatever its size: so scalars are packed once, constant
    factors are left to the host, and all that is rarely done stands in one branch.
    """

    def __init__(self, model: Any, steps_per_execution: int = 1):
        self._model = model
        self.size = max(RING, 2 * steps_per_execution)
        self._hooks = Hooks.of(model)
        self._own_step = not type(model).train_step.__module__.startswith("keras.")
        self.norms = Norms(model, self._steps_done)
        self._ring: Any = None
        self._side: dict[str, Any] = {}
        self._seen_by: dict[int, dict[str, Any]] = {}
        self._flushed = 0
        self._per_row: tuple[int, ...] = (0, 0)  # entries of a row of x and of y, as first traced
        self.rows, self.validation = RowStore(windows=2), RowStore()
        self.loss_source = "compute_loss"
        self.target_specs: list[TargetSpec] = []

    # At trace time, inside the step

    @property
    def _seen(self) -> dict[str, Any]:
        """What this replica has seen of the step so far."""
        return self._seen_by.setdefault(replicas.index(), {})

    def before_step(self, data: Any) -> None:
        import keras
        import tensorflow as tf

        self._graph = tf.compat.v1.get_default_graph()
        batch = keras.utils.unpack_x_y_sample_weight(data)
        self.target_specs = batch_scale.outlines(batch[1])
        self._seen_by[replicas.index()] = {"batch": batch, "stats": self._statistics(batch)}
        total = keras_private.loss_total(self._model) if self._own_step else None
        if total is not None:
            self._seen["total"] = [tf.convert_to_tensor(v) for v in total]

    def on_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
        import tensorflow as tf

        penalties = [tf.cast(p, tf.float32) for p in self._model.losses]
        penalty = tf.add_n(penalties) if penalties else tf.constant(0.0)
        self._note("loss", [_scalar(loss), _scalar(penalty)])

    def around_apply(
        self, proceed: Callable[[], Any], gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        norms = self.norms.measure(gradients, variables)
        earlier = self._seen.get("grads")  # of another optimizer, for other variables
        self._note("grads", norms if earlier is None else list(map(_larger, earlier, norms)))
        proceed()

    def after_step(self, logs: Any) -> None:
        measured = _whole([*self._loss(logs), *self._seen["stats"]], summed=self._hooks.saw_loss)
        grads = self._get("grads", len(self.norms.paths), SKIPPED)
        if replicas.index() == 0:
            self._write(measured, grads)
        self._seen.clear()

    def _write(self, measured: list[Any], grads: list[Any]) -> None:
        import tensorflow as tf

        self._create()
        row = tf.stack([*measured, *grads])
        with tf.control_dependencies([row]):  # a step whose data failed to come does not count
            at = self._cursor.assign_add(1) % self.size
        self._ring.scatter_update(tf.IndexedSlices(row, at))
        # The gate is NaN while rows are wanted, then 0: one test says whether there is anything to do.
        total = tf.add_n([measured[0], *grads])
        masked = replicas.count() > 1  # asked here, as the branch does not know
        unless(tf.math.is_finite(self._gate + total), lambda: self._add_rows(total, masked))

    def _add_rows(self, total: Any, masked: bool) -> None:
        import tensorflow as tf

        batch, rows = self._seen["batch"], self.rows
        rows.open(batch)
        rows.add(batch, rows.room(), SAMPLE, masked=masked)
        bad = rows.empty(BAD_BATCH) & ~tf.math.is_finite(total)
        rows.add(batch, bad, BAD_BATCH, masked=masked)
        self._gate.assign(tf.where(rows.room(), np.nan, 0.0))

    def on_failure(self, data: Any) -> None:
        import keras

        self.rows.add_on_host(keras.utils.unpack_x_y_sample_weight(data))

    def on_test_data(self, data: Any) -> None:
        import keras

        batch = keras.utils.unpack_x_y_sample_weight(data)
        self.validation.open(batch)
        self.validation.add(batch, self.validation.room())

    def _create(self) -> None:
        import tensorflow as tf

        if self._ring is None:
            self._cursor = replicas.variable(0, tf.int64)
            self._gate = replicas.variable(np.float32(np.nan))
            self._ring = replicas.variable(
                np.zeros([self.size, len(COLUMNS) + len(self.norms.paths)], np.float32)
            )

    def _steps_done(self) -> Any:
        self._create()
        return self._cursor.value()

    def _note(self, name: str, values: list[Any]) -> None:
        """Hands scalars to after_step: as tensors, or through a variable when they live in an inner graph."""
        import tensorflow as tf

        if tf.executing_eagerly() or tf.compat.v1.get_default_graph() is self._graph:
            self._seen[name] = values
            return
        if replicas.count() > 1:
            raise NotImplementedError("loss scaling under a tf.distribute strategy")
        if name not in self._side:
            self._side[name] = replicas.variable(np.full(len(values), _empty(name)))
        self._side[name].assign(tf.stack(values) if values else tf.zeros([0]))

    def _get(self, name: str, size: int, default: float) -> list[Any]:
        import tensorflow as tf

        if name in self._seen:
            return list(self._seen[name])
        if name not in self._side:
            return [tf.constant(default, tf.float32)] * size
        side = self._side[name]
        values = tf.unstack(side.value())
        side.assign(tf.fill(side.shape, _empty(name)))  # a step in which the branch is not taken leaves none
        return values

    def _loss(self, logs: Any) -> list[Any]:
        """Returns [batch loss, penalty]: from compute_loss, else from the metric "loss", else from the logs."""
        import tensorflow as tf

        if self._hooks.saw_loss:
            return self._get("loss", 2, np.nan)
        logged = logs.get("loss") if isinstance(logs, dict) else None
        if "total" in self._seen:
            self.loss_source = "metric" if logged is not None else "untouched metric"
            after = [tf.convert_to_tensor(v) for v in keras_private.loss_total(self._model) or ()]
            total, count = (
                tf.cast(b - a, tf.float32) for a, b in zip(self._seen["total"], after, strict=True)
            )
            untouched = np.nan if logged is None else tf.cast(logged, tf.float32)
            value = tf.where(count > 0, tf.math.divide_no_nan(total, count), untouched)
        else:
            self.loss_source = "logs" if logged is not None else "nowhere"
            value = tf.cast(np.nan if logged is None else logged, tf.float32)
        return [tf.reshape(value, []), tf.constant(0.0)]

    def _statistics(self, batch: Any) -> list[Any]:
        """Returns [rows, input squares, target squares], scalars.

        Squares are half the sums over all entries, by the entries that a row had when the step was first
        traced: the host divides by rows and entries.
        """
        import tensorflow as tf
        from keras import tree

        xs, ys = ([t for t in tree.flatten(part) if batch_scale.numeric(t)] for part in batch[:2])
        rows = tf.cast(tf.shape(xs[0])[0], tf.float32) if xs and xs[0].shape.rank else tf.constant(np.nan)
        counts = tuple(batch_scale.entries(tensors) for tensors in (xs, ys))
        self._per_row = tuple(old or new or 0 for old, new in zip(self._per_row, counts, strict=True))
        squares = [
            batch_scale.squares(tensors, rows, count, first)
            for tensors, count, first in zip((xs, ys), counts, self._per_row, strict=True)
        ]
        return [rows, *squares]

    # On the host, between steps

    def flush(self) -> np.ndarray:
        """Returns the rows since the last flush, [steps, columns]; NaN rows for steps that the ring lost."""
        if self._ring is None:
            return np.zeros((0, len(COLUMNS) + len(self.norms.paths)), np.float32)
        now, ring = int(host_values.tensor(self._cursor)), host_values.tensor(self._ring).numpy()
        steps = np.arange(self._flushed, now)
        rows = ring[(steps + 1) % self.size].astype(np.float64)
        rows[: max(0, len(steps) - self.size)] = np.nan
        entries = rows[:, [COLUMNS.index("rows")]] * [max(1, count) for count in self._per_row]
        with np.errstate(invalid="ignore"):  # an empty batch: 0 / 0
            rows[:, SQUARES] = np.sqrt(2.0 * rows[:, SQUARES] / entries)
        rows[:, len(COLUMNS) :] = self.norms.finished(rows[:, len(COLUMNS) :], self._flushed)
        self._flushed = now
        return rows


def _larger(a: Any, b: Any) -> Any:
    import tensorflow as tf

    return tf.maximum(a, b)


def _whole(values: list[Any], *, summed: bool) -> list[Any]:
    """Returns `COLUMNS` of the whole batch from those of this replica's share.

    `summed`: the loss comes from compute_loss, which Keras divides by the number of replicas (penalties only
    in the loss); else it is a mean over the share's rows.
    """
    import tensorflow as tf

    if replicas.count() == 1:
        return values
    loss, penalty, rows, x, y = tf.unstack(replicas.rows_of_all(tf.stack(values)), axis=1)
    share = rows / tf.reduce_sum(rows)
    both = [tf.reduce_sum(loss if summed else loss * share), tf.reduce_mean(penalty), tf.reduce_sum(rows)]
    return [*both, tf.reduce_sum(x), tf.reduce_sum(y)]


def _scalar(value: Any) -> Any:
    import tensorflow as tf

    value = tf.cast(value, tf.float32)
    return value if value.shape.rank == 0 else tf.reshape(value, [])


def _empty(name: str) -> np.float32:
    return np.float32(np.nan if name == "loss" else SKIPPED)
