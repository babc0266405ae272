"""Infeasible rows: is there any output at all with which a row's loss is low?

The outputs of the worst rows, and for comparison those of rows with low losses, are moved freely, without the model, by
STEPS steps of Adam on their losses (each row has a part of its own, so all rows go together). Each of the worst rows
starts twice: from its own output and from the mean of ordinary ones, as a loss may be flat or infinite where a row
stands. A row whose loss stays high or infinite has a target that no model can reach: more letters than frames under
CTC, the logarithm of a zero target, a label outside of the range of the output.

Cost: STEPS derivatives of the loss (not of the model) on three times `count` rows, one pass of the model, and what
`row_losses` costs on these rows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from lossdoctor import backends
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.output_rows import Outputs
from lossdoctor.experiments.passes import Passes, tensor
from lossdoctor.experiments.row_losses import losses_of_rows
from lossdoctor.experiments.rows import take
from lossdoctor.losses.output_range import Range, reach
from lossdoctor.record import Output

LEAST_ROWS = 8
STEPS = 50
LOGIT_STEP = 0.5  # first step of a logit: 50 falling steps take it some 12 further, to a probability of 1e-5
STEP = 0.1  # first step of other outputs, in units of their distance to the targets, or of their size
EDGE = 1e-3  # how near to 0 and 1 the mean of probabilities may be
CLOSED = 0.5  # share of the way down to ordinary rows that a feasible row goes at least
# How far a feasible row may stay above them: soft targets have an entropy that no output goes below, each its own.
FLOORS = 5.0  # in interquartile ranges of what ordinary rows can reach
ABOVE = 1.0  # in what an ordinary row has still to lose in the model

Array = np.ndarray


def infeasible_rows(
    passes: Passes, rows: Sample, losses: Sequence[float], outputs: Sequence[Output] = (), count: int = 8
) -> dict[str, Any]:
    """Returns how low the losses of the worst rows can become by moving their outputs.

    Args:
        passes: the model at the weights that are judged.
        rows: rows of the training data.
        losses: one a row, of the first len(losses) rows, as `row_losses` gives them: at least LEAST_ROWS.
        outputs: what is known of the outputs, in the model's order, for the range that they reach; () for none.
        count: how many of the worst rows are tried, and of the ordinary rows.

    Returns:
        "rows": [{"row", "loss", "lowest": the lowest loss found for it, "infeasible"}], worst first; "reference":
        median of the lowest losses of ordinary rows; "infeasible": row numbers.

    Raises:
        ValueError: too few rows, a loss that needs a batch, or one that does not depend on the outputs.
    """
    known = np.asarray(losses, np.float64)
    if len(known) < LEAST_ROWS:
        raise ValueError(f"{len(known)} rows with a loss are too few, it takes {LEAST_ROWS}")
    worst, ordinary = _chosen(known, count)
    tried = np.concatenate([worst, worst, ordinary])
    part = take(rows, tried)
    made = Outputs(passes.forward(part.x))
    points = [_started(p, link, len(worst)) for p, link in zip(made.points, made.links, strict=True)]
    before = _losses(passes, part, made.at(points))
    after = _losses(passes, part, made.at(_moved(passes, part, made, points, outputs)))
    lowest = np.fmin(before, after)  # of both, whatever is no number gives way
    weights = _row_weights(part)
    lowest = lowest / weights
    loss = known[tried] / weights
    pairs = [loss[: len(worst)], *np.split(lowest[: 2 * len(worst)], 2)]
    own, floors = np.fmin.reduce(pairs), lowest[2 * len(worst) :]
    level = _Level(floors, loss[2 * len(worst) :])
    entries = [
        {"row": int(row), "loss": float(known[row]), "lowest": float(low * weight),
         "infeasible": level.is_missed(float(high), float(low))}
        for row, high, low, weight in zip(worst, loss, own, weights, strict=False)
    ]  # fmt: skip
    infeasible = [e["row"] for e in entries if e["infeasible"]]
    return {"rows": entries, "reference": level.reference, "infeasible": infeasible}


class _Level:
    """What ordinary rows can reach, and whether another row misses it.

    Args:
        floors: lowest losses of ordinary rows.
        losses: their losses in the model.
    """

    def __init__(self, floors: Array, losses: Array) -> None:
        low, self.reference, high = (float(v) for v in np.nanquantile(floors, (0.25, 0.5, 0.75)))
        ahead = max(float(np.median(losses)) - self.reference, 0.0)
        self._above = max(FLOORS * (high - low), ABOVE * ahead)

    def is_missed(self, loss: float, lowest: float) -> bool:
        """Returns whether a row with this loss stays far above the level, however its outputs move."""
        if not math.isfinite(lowest):
            return lowest != -math.inf
        if not math.isfinite(loss):  # it was the output that made it infinite
            return False
        stays, way = lowest - self.reference, loss - self.reference
        return stays > (1 - CLOSED) * way + 1e-6 * abs(loss) and stays > self._above


def _row_weights(rows: Sample) -> Array:
    """Returns each row's mean sample weight [rows], 1 where it has none or a zero one: floors go with weights."""
    given = [np.asarray(w, np.float64) for w in tree.flatten(rows.sample_weight) if w is not None]
    if not given:
        return np.ones(rows.rows)
    means = np.mean([np.abs(w).reshape(len(w), -1).mean(1) for w in given], axis=0)
    return np.where(np.isfinite(means) & (means > 0), means, 1.0)


def _chosen(losses: Array, count: int) -> tuple[Array, Array]:
    """Returns numbers of the worst rows, those not finite first, and of as many of the others without their worst quarter."""
    ranked = np.argsort(np.where(np.isfinite(losses), -losses, -np.inf), kind="stable")
    worst = ranked[: min(count, len(ranked) // 4)]
    rest = [i for i in ranked[len(worst) :] if math.isfinite(losses[i])]
    if not rest:
        raise ValueError("no row has a finite loss to compare with")
    lower = rest[len(rest) // 4 :]
    return worst, np.asarray(lower)[np.unique(np.linspace(0, len(lower) - 1, count).round().astype(int))]


def _started(points: Any, link: Callable[[Any], Any] | None, worst: int) -> Any:
    """Returns where an output's points start: the second try of the worst rows at the ordinary ones' mean output."""
    values = np.asarray(ops.convert_to_numpy(points)).copy()
    ordinary = points[2 * worst :]
    if link is None:
        values[worst : 2 * worst] = values[2 * worst :].mean(0)
    else:  # between the classes, where no loss is flat
        mean = np.clip(np.asarray(ops.convert_to_numpy(link(ordinary))).mean(0), EDGE, 1 - EDGE)
        values[worst : 2 * worst] = np.log(mean) - (
            np.log1p(-mean) if link is keras.activations.sigmoid else 0
        )
    return ops.convert_to_tensor(np.nan_to_num(values, posinf=0.0, neginf=0.0))


def _losses(passes: Passes, rows: Sample, outputs: Any) -> Array:
    found = losses_of_rows(passes, rows, outputs)
    if found is None:
        raise ValueError("the loss belongs to batches, not to single rows")
    return found[0]


def _moved(
    passes: Passes, rows: Sample, made: Outputs, points: list[Any], outputs: Sequence[Output]
) -> list[Any]:
    """Returns the points after STEPS steps of Adam, within what the outputs' activations can give."""
    backend = backends.current()
    scales, ranges = _scales(rows, made, points), _ranges(made, outputs)
    values = [np.asarray(ops.convert_to_numpy(p), np.float32) for p in points]
    first, second = [np.zeros_like(v) for v in values], [np.zeros_like(v) for v in values]
    for step in range(STEPS):
        _, gradients = backend.value_and_gradients(
            lambda p: passes.loss(rows, made.at(p)), [ops.convert_to_tensor(v) for v in values]
        )
        if all(g is None for g in gradients):
            raise ValueError("the loss does not depend on the model's outputs")
        fall = 0.5 * (1 + math.cos(math.pi * step / STEPS))
        for i, gradient in enumerate(gradients):
            g = np.zeros_like(values[i]) if gradient is None else np.asarray(ops.convert_to_numpy(gradient))
            g = _of_one_size(np.nan_to_num(g.astype(np.float32), posinf=0.0, neginf=0.0))
            first[i], second[i] = 0.9 * first[i] + 0.1 * g, 0.99 * second[i] + 0.01 * np.square(g)
            unbiased = np.sqrt(second[i] / (1 - 0.99 ** (step + 1))) + 1e-12
            change = first[i] / (1 - 0.9 ** (step + 1)) / unbiased
            values[i] = np.clip(values[i] - fall * scales[i] * change, *ranges[i]).astype(np.float32)
    return [tensor(v) for v in values]


def _of_one_size(gradient: Array) -> Array:
    """Returns gradients divided by their largest entry, so that their squares are numbers in float32."""
    largest = float(np.abs(gradient).max())
    return gradient / largest if largest > 0 else gradient


def _scales(rows: Sample, made: Outputs, points: Sequence[Any]) -> list[Any]:
    """Returns the first step of each output, [rows, 1, ...] or a number."""
    targets = (
        [None if t is None else np.asarray(t) for t in tree.flatten(rows.y)] if rows.y is not None else []
    )
    targets = targets if len(targets) == len(points) else [None] * len(points)
    return [
        LOGIT_STEP if link is not None else STEP * _distance(np.asarray(ops.convert_to_numpy(p)), t)
        for link, p, t in zip(made.links, points, targets, strict=True)
    ]


def _distance(points: Array, targets: Array | None) -> Array:
    """Returns how far each row may have to go, [rows, 1, ...]: to its targets where there are as many, or its size."""
    flat = points.reshape(len(points), -1)
    size = np.abs(flat).max(1) + float(np.abs(flat).mean()) + 1e-3
    if targets is not None and targets.size == points.size and targets.dtype.kind in "fiub":
        apart = np.abs(targets.reshape(flat.shape).astype(np.float64) - flat).max(1)
        size = np.where(np.isfinite(apart), np.maximum(apart, 1e-3), size)
    return size.reshape(-1, *[1] * (points.ndim - 1))


def _ranges(made: Outputs, outputs: Sequence[Output]) -> list[Range]:
    """Returns what each output can take, all numbers where it is made of logits or not known."""
    everything = Range(-math.inf, math.inf)
    known = list(outputs) if len(outputs) == len(made.links) else [None] * len(made.links)
    found = []
    for link, output in zip(made.links, known, strict=True):
        free = link is not None or output is None or output.rescaled
        found.append(
            everything if free or output is None else reach(output.activations, output.units) or everything
        )
    return found
