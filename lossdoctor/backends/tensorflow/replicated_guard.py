"""The guard of a step that runs as several replicas (MirroredStrategy): all of them skip a step, or none.

An update under a strategy is itself a meeting of all replicas and cannot stand in a branch of the step. So it
is made, and taken back at once where it turns out bad: nobody sees the step in between.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import lossdoctor.backends.tensorflow.replicas as replicas
from lossdoctor import keras_private
from lossdoctor.backends.tensorflow.guard import Guard, measure, worst


def obstacle(model: Any) -> str | None:
    """Returns why a distributed model cannot be guarded; None when it can, or is not distributed."""
    import tensorflow as tf

    if replicas.of(model) == 1:
        return None
    if not isinstance(model.distribute_strategy, tf.distribute.MirroredStrategy):
        return f"under {type(model.distribute_strategy).__name__} with {replicas.of(model)} replicas"
    if not replicas.works():
        return f"under {replicas.UNSUPPORTED}"
    if hasattr(getattr(model, "optimizer", None), "inner_optimizer"):
        return "with loss scaling under a tf.distribute strategy"
    return None


def guard_for(model: Any, steps: int, *, limit: bool) -> Guard:
    """Returns the guard for a model that has no `obstacle`."""
    return (Guard if replicas.of(model) == 1 else ReplicatedGuard)(model, steps, limit=limit)


class ReplicatedGuard(Guard):
    """A Guard that decides by the gradients, losses and statistics of all replicas together."""

    def __init__(self, model: Any, steps: int = 1, *, limit: bool = True):
        super().__init__(model, steps, limit=limit)
        self._seen_by: dict[int, dict[str, Any]] = {}

    @property
    def _seen(self) -> dict[str, Any]:
        """What this replica has seen of the step so far: each traces it in a thread of its own."""
        return self._seen_by[replicas.index()]

    def before_step(self, data: Any) -> None:
        import tensorflow as tf

        before = _values(self._changed_by_forward())
        nothing = tf.constant(float("nan"))
        self._seen_by[replicas.index()] = {
            "loss": nothing, "trivial": nothing, "before": before, "updates": []
        }  # fmt: skip

    def on_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
        super().on_loss(x, y, y_pred, sample_weight, loss)  # leaves both in attributes that replicas share
        self._seen.update(loss=self._loss, trivial=self._trivial)

    def around_apply(
        self, proceed: Callable[[], Any], gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        import tensorflow as tf

        whole = replicas.total([tf.convert_to_tensor(g) for g in gradients if g is not None])
        norm, dead = measure(whole)
        fine = tf.math.is_finite(norm) & (norm <= self._limit) & self._all_finite()
        before = _values(self._changed_by_updates())
        proceed()
        _put_back_unless(fine, before)
        self._seen["updates"].append((norm, fine, dead))

    def after_step(self, logs: Any) -> None:
        import tensorflow as tf

        seen = self._seen
        norm, fine, dead = worst(seen["updates"])
        fine &= self._all_finite()
        _put_back_unless(fine, seen["before"])
        both = replicas.rows_of_all(tf.stack([seen["loss"], seen["trivial"]]))
        # Keras has divided each replica's loss by their number.
        loss, trivial = tf.reduce_sum(both[:, 0]), tf.reduce_mean(both[:, 1])
        if replicas.index() == 0:
            self._write(tf.stack([loss, norm, tf.cast(fine, tf.float32), dead, trivial]))

    def _all_finite(self) -> Any:
        """True when the losses and statistics of all replicas are finite."""
        import tensorflow as tf

        fine = self._statistics_finite()
        if self._hooks.saw_loss:
            fine &= tf.math.is_finite(self._seen["loss"])
        return replicas.total([tf.cast(~fine, tf.float32)])[0] < 0.5

    def _changed_by_updates(self) -> list[Any]:
        optimizers = keras_private.optimizers(self._model)
        held = [*self._model.trainable_variables, *(v for o in optimizers for v in o.variables)]
        return list({id(v): v for v in held}.values())


def _values(variables: list[Any]) -> list[tuple[Any, Any]]:
    """Returns each variable with this replica's own value of it."""
    import tensorflow as tf

    return [(v, tf.identity(tf.convert_to_tensor(v))) for v in variables]


def _put_back_unless(fine: Any, before: list[tuple[Any, Any]]) -> None:
    """Gives variables their values of `before` back on every replica, where the step was not fine."""
    import tensorflow as tf

    def choose(variable: Any, value: Any, keep: Any) -> Any:
        return variable.assign(tf.where(keep, variable, value))

    def everywhere(strategy: Any, values: list[Any], keep: Any) -> None:
        for variable, value in zip(mirrored, values, strict=True):
            strategy.extended.update(variable, choose, args=(value, keep))

    held = [(getattr(v, "value", v), value) for v, value in before]
    local = [pair for pair in held if _is_local(pair[0])]
    for variable, value in local:
        variable.assign(tf.where(fine, tf.convert_to_tensor(variable), value))
    mirrored = [v for v, _ in held if not _is_local(v)]
    if mirrored:
        values = [value for v, value in held if not _is_local(v)]
        tf.distribute.get_replica_context().merge_call(everywhere, args=(values, fine))


def _is_local(variable: Any) -> bool:
    """True for one that every replica keeps to itself until it is read (metrics)."""
    import tensorflow as tf

    return getattr(variable, "synchronization", None) == tf.VariableSynchronization.ON_READ
