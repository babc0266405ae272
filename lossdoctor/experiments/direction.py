"""Direction: does the user's loss fall when outputs move towards the targets, and does it pull on them at all?

The loss is followed along straight lines from the model's outputs, and from one constant answer, to the targets
(clipped into the range of the output's activation). Beside it stand its gradients at the outputs: whether they exist,
where they are exactly zero, and whether, at a constant answer, rows with higher targets are pulled higher. That last
one holds for every rising link (probabilities, logits, log-rates), which the lines alone do not.

Outputs with which targets cannot be compared (embeddings, distances between pairs) get no verdict on their direction:
also those whose loss stays the same when targets change rows, or when the output's units change places.

Cost: one pass of the model, and per output about 15 evaluations of the loss (not of the model) and three gradients.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from keras import ops, tree

from lossdoctor import backends
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.goals import EVERYTHING, Goal, goals_of, known_outputs, range_of, to_numpy
from lossdoctor.experiments.passes import Passes, number
from lossdoctor.experiments.reach import LEAST_ROWS, limited
from lossdoctor.losses.output_range import Range
from lossdoctor.record import Output

STEPS = (0.0, 0.25, 0.5, 1.0)
SAME = 1e-6  # relative: a loss that changes by less is the same in float32
PUSH = 4.0  # how far a logit is moved beyond the largest one there is
TINY = 1e-12

Array = np.ndarray


def direction(
    passes: Passes, rows: Sample, outputs: Sequence[Output] = (), seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Returns, by output, where the loss falls and where it pulls.

    Args:
        passes: the model at the weights that are to be judged.
        rows: at least 8 rows of the training data, with targets. Sample weights count with their size, not their
            sign: a negative one turns the direction on purpose.
        outputs: what is known of the outputs, in the model's order; () when nothing is.
        seed: of the random outputs.

    Returns:
        For each output, always: "comparable", "because" ("" when it is), "differentiable" (False: the loss has no
        gradient in this output at all), "silent_model" and "silent_random" (share of rows whose gradient is exactly
        zero at the model's outputs, and at outputs mixed with noise; rows of weight 0 and without a finite loss left
        out), "zero_model" (share of entries).
        Where comparable: "from_model" and "from_constant" (losses at STEPS of the way to the targets, None where not
        finite), "trend_model" and "trend_constant" ("falls", "rises", "mixed", "flat", "unknown"), "silent_constant",
        "cosine" (of -gradient with the way to the targets, at the model's outputs), "pull" (correlation over rows of
        -gradient with the targets, at the constant answer; 0 when there is no gradient), "linear" (the gradient is the same at all outputs, as of a
        critic's score times +-1, whose sign is a convention).

    Raises:
        ValueError: too few rows, no targets, or a loss that is not finite at the model's outputs.
    """
    if rows.y is None:
        raise ValueError("there are no targets to move towards")
    if rows.rows < LEAST_ROWS:
        raise ValueError(f"{rows.rows} rows are too few to tell the direction of the loss")
    rows = _unsigned(limited(passes, rows))
    made = passes.forward(rows.x)
    sides = _Sides(passes, rows, made, outputs, seed)
    return {goal.name: sides.of_output(i) for i, goal in enumerate(sides.goals)}


def _unsigned(rows: Sample) -> Sample:
    weight = rows.sample_weight
    return rows if weight is None else replace(rows, sample_weight=tree.map_structure(np.abs, weight))


@dataclass
class _Point:
    """Outputs at which the loss was differentiated: arrays, its value, and a gradient an output or None."""

    values: list[Array]
    loss: float
    gradients: list[Array | None]


class _Sides:
    """The points between which the loss is followed, the same for all outputs of a model."""

    def __init__(self, passes: Passes, rows: Sample, made: Any, outputs: Sequence[Output], seed: int) -> None:
        self.passes, self.rows, self.made = passes, rows, made
        flat = [to_numpy(t) for t in tree.flatten(made)]
        self.known = known_outputs(outputs, len(flat))
        self.ranges = [range_of(o) or EVERYTHING for o in self.known]
        self.goals = goals_of(rows, made, outputs)
        self.targets = [None if g.values is None else _clipped(g, r, a)
                        for g, r, a in zip(self.goals, self.ranges, flat, strict=True)]  # fmt: skip
        self.model = self.differentiated(flat)
        if not np.isfinite(self.model.loss):
            raise ValueError("the loss is not finite at the model's outputs")
        rng = np.random.default_rng(seed)
        self.random = self.differentiated([_noisy(a, r, o, rng) for a, r, o in
                                           zip(flat, self.ranges, self.known, strict=True)])  # fmt: skip
        self.constant = self.differentiated(self._constant(flat))

    def loss(self, values: Sequence[Array], rows: Sample | None = None) -> float:
        """Returns the loss of outputs given as arrays."""
        return number(self.passes.loss(rows or self.rows, self._packed([_tensor(v) for v in values])))

    def differentiated(self, values: list[Array]) -> _Point:
        """Returns the point of given outputs."""
        value, gradients = backends.current().value_and_gradients(
            lambda points: self.passes.loss(self.rows, self._packed(points)), [_tensor(v) for v in values]
        )
        return _Point(values, number(value), [None if g is None else to_numpy(g) for g in gradients])

    def of_output(self, i: int) -> dict[str, Any]:
        """Returns the results of one output, as `direction` names them."""
        goal, because = self.goals[i], self._incomparable(i)
        gradient = self.model.gradients[i]
        found = {
            "comparable": not because,
            "because": because,
            "differentiable": any(
                p.gradients[i] is not None for p in (self.model, self.random, self.constant)
            ),
            "silent_model": self._silent(self.model, i),
            "silent_random": self._silent(self.random, i),
            "zero_model": 1.0 if gradient is None else float((gradient == 0).mean()),
        }
        if because or goal.values is None:
            return found
        model, constant = self._line(self.model, i), self._line(self.constant, i)
        return {
            **found,
            "from_model": [v if np.isfinite(v) else None for v in model],
            "from_constant": [v if np.isfinite(v) else None for v in constant],
            "trend_model": _trend(model),
            "trend_constant": _trend(constant),
            "silent_constant": self._silent(self.constant, i),
            "cosine": self._cosine(i),
            "pull": _pull(self.constant.gradients[i], goal.values),
            "linear": self._linear(i),
        }

    def _packed(self, tensors: Sequence[Any]) -> Any:
        return tree.pack_sequence_as(self.made, list(tensors))

    def _constant(self, flat: Sequence[Array]) -> list[Array]:
        """Returns one answer for all rows: the mean target or the mean output, whichever costs less."""
        means = [_repeated(a) for a in flat]
        asked = [m if t is None else _repeated(t) for m, t in zip(means, self.targets, strict=True)]
        losses = [value if np.isfinite(value := self.loss(c)) else np.inf for c in (asked, means)]
        return asked if losses[0] <= losses[1] else means

    def _incomparable(self, i: int) -> str:
        """Returns why output `i` has no direction, "" when it has one."""
        goal, made = self.goals[i], self.model.values[i]
        if goal.values is None:
            return goal.because
        if goal.units and self._may_be_distance(i):
            return "the targets are 0 or 1, and the output may be a distance"
        if self._same(_with_other_targets(self.rows)):
            return "the loss does not depend on which row has which target"
        if goal.labels and made.shape[-1] > 1 and self._same_for_units(i):
            return "the loss does not depend on which unit is which"
        return ""

    def _may_be_distance(self, i: int) -> bool:
        """Whether an output without a known last activation, under a loss of the user's own, never falls below zero."""
        known, made = self.known[i], self.model.values[i]
        custom = known is None or known.loss is None or known.loss.startswith("custom")
        unknown = known is None or known.rescaled or range_of(known) is None
        outside = bool((made > 1).any()) or (known is not None and known.rescaled)
        positive_by_design = known is not None and known.activations[-1:] in (("relu",), ("softplus",))
        return custom and bool((made >= 0).all()) and ((unknown and outside) or positive_by_design)

    def _same(self, rows: Sample) -> bool:
        """Whether the loss of other rows is the same at random outputs, where it pulls at all."""
        if not np.isfinite(self.random.loss) or self._all_silent():
            return False
        return _close(self.loss(self.random.values, rows), self.random.loss)

    def _same_for_units(self, i: int) -> bool:
        rolled = [np.roll(v, 1, -1) if k == i else v for k, v in enumerate(self.random.values)]
        return not self._all_silent() and _close(self.loss(rolled), self.random.loss)

    def _all_silent(self) -> bool:
        """Whether the loss has no gradient at random outputs: what stays the same there proves nothing."""
        return not any(g is not None and (g != 0).any() for g in self.random.gradients)

    def _silent(self, point: _Point, i: int) -> float:
        gradient = point.gradients[i]
        if gradient is None:
            return 1.0
        rows = gradient.reshape(len(gradient), -1)[self._weighted()]
        return float((rows == 0).all(1).mean()) if len(rows) else 0.0

    def _weighted(self) -> Array:
        """Returns which rows have a weight other than 0."""
        weights = [np.asarray(w) for w in tree.flatten(self.rows.sample_weight) if w is not None]
        found = np.ones(self.rows.rows, bool)
        return found if not weights else np.any([w.reshape(len(w), -1).any(1) for w in weights], axis=0)

    def _line(self, start: _Point, i: int) -> list[float]:
        """Returns the losses at STEPS of the way, towards the goal that costs less of those that may be meant."""
        lines = [self._followed(start, i, end) for end in self._ends(start, i)]
        return min(lines, key=lambda line: min((v for v in line[1:] if np.isfinite(v)), default=np.inf))

    def _ends(self, start: _Point, i: int) -> list[Array]:
        target, goal = self.targets[i], self.goals[i]
        assert target is not None
        if not goal.units or self.ranges[i] != EVERYTHING:
            return [target]
        far = PUSH + float(np.abs(start.values[i]).max())  # as logits
        return [target, np.where(target > 0, far, -far)]

    def _followed(self, start: _Point, i: int, end: Array) -> list[float]:
        def at(step: float) -> list[Array]:
            return [v + step * (end - v) if k == i else v for k, v in enumerate(start.values)]

        return [start.loss, *(self.loss(at(step)) for step in STEPS[1:])]

    def _linear(self, i: int) -> bool:
        first, *rest = (p.gradients[i] for p in (self.model, self.random, self.constant))
        if first is None or not first.any():
            return False
        return all(g is not None and np.allclose(g, first, rtol=1e-3, atol=0) for g in rest)

    def _cosine(self, i: int) -> float:
        gradient, target = self.model.gradients[i], self.targets[i]
        if gradient is None or target is None:
            return 0.0
        return _cosine(-np.nan_to_num(gradient), target - self.model.values[i])


def _clipped(goal: Goal, found: Range, made: Array) -> Array:
    """Returns the targets within the output's range; missing ones stay where the output is."""
    assert goal.values is not None
    return np.clip(np.where(np.isfinite(goal.values), goal.values, made), found.low, found.high)


def _noisy(made: Array, found: Range, output: Output | None, rng: np.random.Generator) -> Array:
    """Returns outputs with as much noise as they vary (or as their range is wide), within their range."""
    wide = found.high - found.low
    size = 0.25 * wide if np.isfinite(wide) and wide > 0 else float(np.std(made)) or 1.0
    noisy = np.clip(made + rng.normal(size=made.shape) * size, found.low, found.high)
    if output is None or output.activations[-1:] != ("softmax",):
        return noisy
    return (noisy + 0.01) / (noisy + 0.01).sum(-1, keepdims=True)


def _with_other_targets(rows: Sample) -> Sample:
    """Returns the rows, each with the targets of another one half of them further."""
    half = rows.rows // 2
    return replace(rows, y=tree.map_structure(lambda a: None if a is None else np.roll(a, half, 0), rows.y))


def _repeated(values: Array) -> Array:
    return np.repeat(values.mean(0, keepdims=True), len(values), axis=0)


def _tensor(values: Array) -> Any:
    return ops.convert_to_tensor(values.astype(np.float32))


def _close(a: float, b: float) -> bool:
    return abs(a - b) <= SAME * max(abs(a), abs(b), TINY)


def _trend(line: Sequence[float]) -> str:
    first, rest = line[0], [v for v in line[1:] if np.isfinite(v)]
    if not rest or not np.isfinite(first):
        return "unknown"
    slack = SAME * max(abs(v) for v in (first, *rest)) + TINY
    falls, rises = min(rest) < first - slack, max(rest) > first + slack
    return "mixed" if falls and rises else "falls" if falls else "rises" if rises else "flat"


def _pull(gradient: Array | None, goal: Array) -> float:
    """Returns how -gradient goes with the targets over the rows of each position, all positions together, -1 to 1."""
    if gradient is None:
        return 0.0
    fine = np.isfinite(goal)
    gradient, goal = -np.nan_to_num(gradient, posinf=0.0, neginf=0.0), np.where(fine, goal, 0.0)
    count = np.maximum(fine.sum(0), 1)
    gradient = np.where(fine, gradient, 0.0)
    return _cosine((gradient - gradient.sum(0) / count) * fine, (goal - goal.sum(0) / count) * fine)


def _cosine(a: Array, b: Array) -> float:
    size = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(np.sum(a * b)) / size if size > 0 and np.isfinite(size) else 0.0
