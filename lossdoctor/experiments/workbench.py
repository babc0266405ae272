"""Workbench: copies of the user's model that can be trained for some steps, again and again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops, tree

from lossdoctor import backends
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.passes import Passes, number, tensors
from lossdoctor.remedies import Action
from lossdoctor.remedies.apply import planned
from lossdoctor.remedies.apply.plan import Plan
from lossdoctor.remedies.apply.rebuild import rebuild


class Workbench:
    """Makes variants of a model, each traced once, and gives them out at their start.

    A variant that differs from another one only in a constant learning rate is the same copy: the rate is a
    variable of its optimizer, and tracing (0.3 to 1 s on TensorFlow) costs more than a short replay.
    """

    def __init__(
        self, model: Any, start: list[np.ndarray], sample: Sample, rate: float | None = None
    ) -> None:
        self.model, self.start, self.sample, self.rate = model, start, sample, rate
        self._variants: dict[str, Variant] = {}

    def variant(self, actions: Sequence[Action]) -> Variant:
        """Returns the copy with these actions at its start, with its learning rate set.

        Raises:
            ValueError: an action does not fit the model, or the model cannot be rebuilt.
        """
        plan = planned(self.model, actions, self.sample, rate=self.rate)
        rate, key = _rate(plan), _key(plan, actions)
        if key not in self._variants:
            self._variants[key] = Variant(plan, self.start)
        self._variants[key].reset(rate)
        return self._variants[key]

    def known(self, actions: Sequence[Action]) -> bool:
        """Returns whether the copy with these actions is there already, whatever its learning rate."""
        return _key(planned(self.model, actions, self.sample, rate=self.rate), actions) in self._variants

    def constant_rate(self, actions: Sequence[Action]) -> float | None:
        """Returns the learning rate that a variant has, None under a schedule."""
        return _rate(planned(self.model, actions, self.sample, rate=self.rate))


def _rate(plan: Plan) -> float | None:
    rate = plan.settings.config.get("learning_rate")
    return float(rate) if isinstance(rate, (int, float)) else None


def _key(plan: Plan, actions: Sequence[Action]) -> str:
    constant = _rate(plan) is not None
    others = [a for a in actions if not (constant and a.kind == "learning_rate")]
    return repr((sorted((a.kind, repr(a.arguments)) for a in others), constant))


class Variant:
    """One copy of the model with a compiled loop of training steps."""

    def __init__(self, plan: Plan, start: list[np.ndarray]) -> None:
        plan.settings.rest.update(metrics=None, weighted_metrics=None, steps_per_execution=1)
        self.plan, self.model = plan, rebuild(plan)
        if not self.model.built:
            self._build()
        _set_start(plan, start)
        self.model.optimizer.build(self.model.trainable_variables)
        self._state = [ops.convert_to_numpy(v) for v in self._variables()]
        self._loop: Any = None
        self._data: Any = None
        self._rows: Sample | None = None

    def _build(self) -> None:
        self.model(tree.map_structure(lambda a: tensor(a[:1]), self.plan.sample.x))

    def _variables(self) -> list[Any]:
        return [*self.model.variables, *self.model.optimizer.variables]

    def reset(self, rate: float | None) -> None:
        """Puts weights, seeds and optimizer back to the start and sets a constant rate."""
        self.restore(self._state)
        if rate is not None:
            inner = getattr(self.model.optimizer, "inner_optimizer", self.model.optimizer)
            inner.learning_rate.assign(rate)

    def state(self) -> list[np.ndarray]:
        """Returns the present values of weights, seeds and optimizer, for `restore`."""
        return [ops.convert_to_numpy(v).copy() for v in self._variables()]

    def restore(self, state: Sequence[np.ndarray]) -> None:
        """Puts such values back."""
        for variable, value in zip(self._variables(), state, strict=True):
            variable.assign(value)

    def load(self, rows: Sample) -> None:
        """Puts the rows to train on in place; rows of the same form as before cost no new trace."""
        if rows is self._rows:
            return
        self._rows = rows
        parts: tuple[Any, ...] = (rows.x,) if rows.y is None else (rows.x, rows.y)
        parts = parts if rows.sample_weight is None else (rows.x, rows.y, rows.sample_weight)
        self._data = tree.map_structure(tensor, parts)

    def train(self, order: np.ndarray) -> None:
        """Makes a step for each row of `order` [steps, batch], row numbers of the rows loaded."""
        if self._loop is None:
            self._loop = backends.current().training_loop(self.model, self._data)
        self._loop(order, self._data)

    def evaluate(self, rows: Sample) -> tuple[float, list[np.ndarray]]:
        """Returns (loss, outputs in the order of the model) on rows, in inference mode.

        The loss is the data's, without the penalties on weights: those change with the remedies.
        """
        passes = Passes(self.model)

        def judged(x: Any, y: Any, weight: Any) -> Any:
            made = passes.forward(x)
            return passes.loss(Sample(x, y, weight), made), made

        parts = (tensors(part) for part in (rows.x, rows.y, rows.sample_weight))
        total, outputs = backends.current().run(judged, *parts)
        loss = number(total)
        return loss, [np.asarray(ops.convert_to_numpy(o), np.float64) for o in in_order(self.model, outputs)]


def in_order(model: Any, parts: Any) -> list[Any]:
    """Returns targets or outputs as a list in the order of the model's outputs, dicts by their names."""
    if isinstance(parts, dict):
        names = [n for n in getattr(model, "output_names", ()) if n in parts]
        return [parts[n] for n in (names if len(names) == len(parts) else parts)]
    return list(tree.flatten(parts))


def tensor(array: Any) -> Any:
    """Returns an array as fit would hand it to the model: doubles become floats."""
    array = np.asarray(array)
    return ops.convert_to_tensor(array.astype("float32") if array.dtype == np.float64 else array)


def _set_start(plan: Plan, start: list[np.ndarray]) -> None:
    """Gives layers that were not changed in form the run's own start: one draw is compared with itself."""
    known = {id(w): value for w, value in zip(plan.model.weights, start, strict=True)}
    for old, new in plan.pairs:
        values = [known.get(id(w)) for w in old.weights]
        shapes = [tuple(w.shape) for w in new.weights]
        if id(old) in plan.redrawn or any(v is None for v in values):
            continue
        if [v.shape for v in values if v is not None] == shapes and values:
            new.set_weights(values)
