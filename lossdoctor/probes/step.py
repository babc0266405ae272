"""StepProbe: measures every step on the device: true loss, gradient norms, scale of inputs and targets."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from lossdoctor.probes import keras_private, replicas
from lossdoctor.probes.hooks import Hooks, Observer
from lossdoctor.probes.rows import RowStore

RING = 64  # steps kept on the device between two reads, at least
COLUMNS = ("batch_loss", "penalty", "rows", "input_rms", "target_rms", "target_low", "target_high")
SQUARES = [COLUMNS.index("input_rms"), COLUMNS.index("target_rms")]
SKIPPED = -1.0  # in the place of gradient norms: no update was asked for in that step


class StepProbe(Observer):
    """Writes one row a step into a ring of tf.Variables; `read` brings the new rows to the host.

    A row holds `COLUMNS` and then the L2 norm of each variable's raw gradient (unscaled, before clipping).
    """

    def __init__(self, model: Any, steps_per_execution: int = 1):
        self._model = model
        self._size = max(RING, 2 * steps_per_execution)
        self._hooks = Hooks.of(model)
        self._own_step = not type(model).train_step.__module__.startswith("keras.")
        self.paths: list[str] = [v.path for v in model.trainable_variables]
        self._ring: Any = None
        self._side: dict[str, Any] = {}
        self._seen_by: dict[int, dict[str, Any]] = {}
        self._read = 0
        self.sample, self.validation, self.bad_batch = RowStore(), RowStore(), RowStore()
        self.loss_source = "compute_loss"
        self.target_specs: list[tuple[str | None, tuple[int | None, ...], str]] = []  # name, shape, dtype

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
        self.target_specs = _outlines(batch[1])
        self._seen_by[replicas.index()] = {"batch": batch, "stats": _statistics(batch)}
        for side, empty in (("loss", np.nan), ("grads", SKIPPED)):
            if side in self._side:
                self._side[side].assign(tf.fill(self._side[side].shape, np.float32(empty)))
        total = keras_private.loss_total(self._model) if self._own_step else None
        if total is not None:
            self._seen["total"] = [tf.convert_to_tensor(v) for v in total]

    def on_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
        import tensorflow as tf

        penalties = [tf.cast(p, tf.float32) for p in self._model.losses]
        penalty = tf.add_n(penalties) if penalties else tf.constant(0.0)
        self._keep("loss", tf.stack([_scalar(loss), _scalar(penalty)]))

    def around_apply(
        self, proceed: Callable[[], Any], gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        norms = self._norms(gradients, variables)
        earlier = self._seen.get("grads")  # of another optimizer, for other variables
        self._keep("grads", norms if earlier is None else _larger(earlier, norms))
        proceed()

    def after_step(self, logs: Any) -> None:
        import tensorflow as tf

        measured = _whole(tf.concat([self._loss(logs), self._seen["stats"]], 0), summed=self._hooks.saw_loss)
        row = tf.concat([measured, self._get("grads", len(self.paths), SKIPPED)], 0)
        if replicas.index() == 0:
            self._write(row)
        self._seen.clear()

    def _write(self, row: Any) -> None:
        import tensorflow as tf

        self._create()
        self._ring.scatter_nd_update(tf.reshape(self._cursor % self._size, [1, 1]), row[tf.newaxis])
        with tf.control_dependencies([row]):  # a step whose data failed to come does not count
            self._cursor.assign_add(1)
        batch, room = self._seen["batch"], self.sample.room()
        first = tf.constant(True) if self.bad_batch.filled is None else self.bad_batch.filled < 1
        bad = first & ~tf.math.is_finite(row[0] + tf.reduce_sum(row[len(COLUMNS) :]))

        def keep() -> Any:
            self.sample.keep(batch, room)
            self.bad_batch.keep(batch, bad)
            return tf.constant(0)

        # One branch for both, as a branch that is not taken costs a small model as much as a layer.
        tf.cond(room | bad, keep, lambda: tf.constant(0))

    def on_failure(self, data: Any) -> None:
        import keras

        self.sample.give(keras.utils.unpack_x_y_sample_weight(data))

    def on_test_data(self, data: Any) -> None:
        import keras

        batch = keras.utils.unpack_x_y_sample_weight(data)
        self.validation.keep(batch, self.validation.room())

    def _create(self) -> None:
        import tensorflow as tf

        if self._ring is None:
            self._cursor = replicas.variable(0, tf.int64)
            self._ring = replicas.variable(np.zeros([self._size, len(COLUMNS) + len(self.paths)], np.float32))

    def _keep(self, name: str, value: Any) -> None:
        """Hands `value` to after_step: as a tensor, or through a variable when it lives in an inner graph."""
        import tensorflow as tf

        if tf.executing_eagerly() or tf.compat.v1.get_default_graph() is self._graph:
            self._seen[name] = value
            return
        if replicas.count() > 1:
            raise NotImplementedError("loss scaling under a tf.distribute strategy")
        if name not in self._side:
            empty = np.nan if name == "loss" else SKIPPED
            with tf.init_scope():
                self._side[name] = tf.Variable(tf.fill(value.shape, np.float32(empty)), trainable=False)
        self._side[name].assign(value)

    def _get(self, name: str, size: int, default: float) -> Any:
        import tensorflow as tf

        if name in self._seen:
            return self._seen[name]
        return self._side[name].value() if name in self._side else tf.fill([size], np.float32(default))

    def _loss(self, logs: Any) -> Any:
        """Returns [batch loss, penalty]: from compute_loss, else from the metric "loss", else from the logs."""
        import tensorflow as tf

        if self._hooks.saw_loss:
            return self._get("loss", 2, np.nan)
        logged = logs.get("loss") if isinstance(logs, dict) else None
        if "total" in self._seen:
            self.loss_source = "the change of the metric 'loss'" if logged is not None else "a metric, if any"
            after = [tf.convert_to_tensor(v) for v in keras_private.loss_total(self._model) or ()]
            total, count = (
                tf.cast(b - a, tf.float32) for a, b in zip(self._seen["total"], after, strict=True)
            )
            untouched = np.nan if logged is None else tf.cast(logged, tf.float32)
            value = tf.where(count > 0, tf.math.divide_no_nan(total, count), untouched)
        else:
            self.loss_source = "logs['loss']" if logged is not None else "nowhere"
            value = tf.cast(np.nan if logged is None else logged, tf.float32)
        return tf.stack([tf.reshape(value, []), 0.0])

    def _norms(self, gradients: Sequence[Any], variables: Sequence[Any]) -> Any:
        """Returns half the squared norms [variables]; the host takes the roots."""
        import tensorflow as tf

        paths = [v.path for v in variables] if variables else self.paths
        self.paths = self.paths or paths  # a model that was not built when fit began
        norms = dict.fromkeys(self.paths, tf.constant(0.0))
        there = {p: g for p, g in zip(paths, gradients, strict=True) if g is not None and p in norms}
        whole = replicas.total([tf.cast(_summed(g), tf.float32) for g in there.values()])
        norms |= {path: tf.nn.l2_loss(g) for path, g in zip(there, whole, strict=True)}
        return tf.stack(list(norms.values())) if norms else tf.zeros([0])

    # On the host, between steps

    def read(self) -> np.ndarray:
        """Returns the rows since the last read, [steps, columns]; NaN rows for steps that the ring lost."""
        if self._ring is None:
            return np.zeros((0, len(COLUMNS) + len(self.paths)), np.float32)
        now, ring = int(self._cursor), self._ring.numpy()
        steps = np.arange(self._read, now)
        rows = ring[steps % self._size].astype(np.float64)
        rows[: max(0, len(steps) - self._size)] = np.nan
        rows[:, SQUARES] = np.sqrt(rows[:, SQUARES] / rows[:, [COLUMNS.index("rows")]])
        grads = rows[:, len(COLUMNS) :]
        rows[:, len(COLUMNS) :] = np.where(grads == SKIPPED, SKIPPED, np.sqrt(2.0 * np.abs(grads)))
        self._read = now
        return rows


def _larger(a: Any, b: Any) -> Any:
    import tensorflow as tf

    return tf.maximum(a, b)


def _summed(gradient: Any) -> Any:
    """Returns a gradient's entries with those of repeated rows (sparse, from an Embedding) added up."""
    import tensorflow as tf

    if not isinstance(gradient, tf.IndexedSlices):
        return gradient
    # Dense, as tf.unique has no static shape and so does not compile under XLA.
    return tf.math.unsorted_segment_sum(gradient.values, gradient.indices, gradient.dense_shape[0])


def _statistics(batch: Any) -> Any:
    """Returns [rows, input squares, target squares, target_low, target_high] as one float32 tensor.

    Squares are mean squares times the rows: the host divides and takes the root, as each operation less in
    the step counts.
    """
    import tensorflow as tf
    from keras import tree

    x, y, _ = batch
    xs, ys = ([t for t in tree.flatten(part) if _numeric(t)] for part in (x, y))
    rows = tf.cast(tf.shape(xs[0])[0], tf.float32) if xs and xs[0].shape.rank else tf.constant(np.nan)
    nothing = tf.constant(np.nan)
    low, high = (_extreme(ys, reduce) if ys else nothing for reduce in (tf.reduce_min, tf.reduce_max))
    return tf.stack([rows, _squares(xs, rows), _squares(ys, rows), low, high])


def _whole(row: Any, *, summed: bool) -> Any:
    """Returns `COLUMNS` of the whole batch from those of this replica's share.

    `summed`: the loss comes from compute_loss, which Keras divides by the number of replicas (penalties only
    in the loss); else it is a mean over the share's rows.
    """
    import tensorflow as tf

    if replicas.count() == 1:
        return row
    loss, penalty, rows, x, y, low, high = tf.unstack(replicas.rows_of_all(row), axis=1)
    share = rows / tf.reduce_sum(rows)
    both = [tf.reduce_sum(loss if summed else loss * share), tf.reduce_mean(penalty), tf.reduce_sum(rows)]
    return tf.stack([*both, tf.reduce_sum(x), tf.reduce_sum(y), tf.reduce_min(low), tf.reduce_max(high)])


def _scalar(value: Any) -> Any:
    import tensorflow as tf

    value = tf.cast(value, tf.float32)
    return value if value.shape.rank == 0 else tf.reshape(value, [])


def _extreme(tensors: list[Any], reduce: Any) -> Any:
    import tensorflow as tf

    each = [tf.cast(reduce(tf.cast(t, tf.float32) if t.dtype.is_bool else t), tf.float32) for t in tensors]
    return each[0] if len(each) == 1 else reduce(tf.stack(each))


def _squares(tensors: list[Any], rows: Any) -> Any:
    """Returns the mean square of all entries, times `rows`."""
    import tensorflow as tf

    if not tensors:
        return tf.constant(np.nan)
    each = [tf.nn.l2_loss(tf.cast(t, tf.float32)) for t in tensors]
    total = each[0] if len(each) == 1 else tf.add_n(each)
    per_row = [t.shape[1:].num_elements() if t.shape.rank else None for t in tensors]
    known = [count for count in per_row if count is not None]
    if len(known) == len(tensors):
        return total * np.float32(2.0 / max(sum(known), 1))
    return total * 2.0 * rows / tf.cast(sum(tf.size(t) for t in tensors), tf.float32)


def _numeric(value: Any) -> bool:
    import tensorflow as tf

    return isinstance(value, tf.Tensor) and (
        value.dtype.is_floating or value.dtype.is_integer or value.dtype.is_bool
    )


def _outlines(targets: Any) -> list[tuple[str | None, tuple[int | None, ...], str]]:
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
