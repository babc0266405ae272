"""Reach: can the model's output activation produce these targets, whatever the loss is called?

The range of an output follows from its last activations where the setup knows them. Where it does not, the model is
run with trainable weights drawn at random, small and large: what does not grow with them is a bound of the output.

Cost: one pass over the rows; for outputs of unknown activation 5 * DRAWS passes over at most PROBED rows besides.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops, tree

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.goals import Goal, goals_of, known_outputs, range_of, to_numpy
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.rows import take
from lossdoctor.losses.output_range import Range
from lossdoctor.record import Output

LEAST_ROWS = 8
PROBED = 16  # rows on which an unknown range is sampled
DRAWS = 4  # of random weights, at each of two scales
SCALES = (30.0, 3000.0)  # standard deviations of those weights
SMALL = (0.0, 0.1, 1.0)  # as well: outputs such as distances come near their bound at small weights only
GROWN = (
    3.0  # a bound moves less than this when weights grow a hundredfold; what is not bounded grows by far more
)
ROUNDING = 1e-5  # of the range or of 1: a target beyond it by less is the bound itself
GUESSED = 0.05  # the same for a range that was observed: its ends need not have been met
MOST_ENTRIES = 2**22  # entries of outputs that are held at once

Array = np.ndarray


def reachable_targets(
    passes: Passes, rows: Sample, outputs: Sequence[Output] = (), seed: int = 0
) -> dict[str, dict[str, Any]]:
    """Returns, by output, whether its targets lie within what it can give.

    Args:
        passes: the model; its weights matter only where activations are not known.
        rows: at least 8 rows of the training data, with targets.
        outputs: what is known of the outputs, in the model's order; () when nothing is.
        seed: of the random weights.

    Returns:
        For each output: "comparable"; where it is True "outside" (share of finite target entries that the output
        cannot come within ROUNDING of), "rows" (share of rows with one), "low" and "high" of the range (+-infinity as
        None), "target_low", "target_high", "known" ("activation" or "observed"), "one_entry" (share of rows with at
        most one entry that is not 0: one-hot rows times a weight, as policy gradients have them); else "because".

    Raises:
        ValueError: too few rows, or no targets.
    """
    if rows.y is None:
        raise ValueError("there are no targets to compare with the range of the outputs")
    if rows.rows < LEAST_ROWS:
        raise ValueError(f"{rows.rows} rows are too few to compare with the range of the outputs")
    rows = limited(passes, rows)
    made = passes.forward(rows.x)
    goals = goals_of(rows, made, outputs)
    ranges = [range_of(o) for o in known_outputs(outputs, len(goals))]
    wanted = any(r is None and g.values is not None for r, g in zip(ranges, goals, strict=True))
    seen = observed_ranges(passes, rows, seed) if wanted else [None] * len(goals)
    return {g.name: _judged(g, r, s, rows) for g, r, s in zip(goals, ranges, seen, strict=True)}


def limited(passes: Passes, rows: Sample) -> Sample:
    """Returns the first rows, so few that their outputs have at most MOST_ENTRIES entries together."""
    most = max(LEAST_ROWS, MOST_ENTRIES // max(_entries(passes, rows), 1))
    return rows if rows.rows <= most else take(rows, np.arange(most))


def _entries(passes: Passes, rows: Sample) -> int:
    """Returns how many entries the outputs of a row have: as the graph says, or by a pass over one row."""
    try:
        shapes = [tuple(t.shape[1:]) for t in passes.model.outputs]
    except (AttributeError, TypeError, ValueError):  # a subclassed model
        shapes = []
    if not shapes or any(n is None for shape in shapes for n in shape):
        one = passes.forward(take(rows, np.arange(1)).x)
        shapes = [tuple(t.shape[1:]) for t in tree.flatten(one)]
    return sum(int(np.prod(shape)) for shape in shapes)


def observed_ranges(passes: Passes, rows: Sample, seed: int = 0) -> list[Range | None]:
    """Returns the range of each output as random weights show it, None where nothing finite came out."""
    some = take(rows, np.arange(min(PROBED, rows.rows)))
    small, large = (_ends(passes, some, (scale,), seed) for scale in SCALES)
    near = _ends(passes, some, SMALL, seed)
    return [_range(*three) for three in zip(near, small, large, strict=True)]


Ends = tuple[float, float]


def _ends(passes: Passes, rows: Sample, scales: Sequence[float], seed: int) -> list[Ends | None]:
    """Returns the lowest and highest finite entry of each output over DRAWS random sets of weights a scale."""
    rng = np.random.default_rng(seed)
    draws: list[list[Array]] = []
    for scale in (s for s in scales for _ in range(DRAWS)):
        values = [_drawn(rng, v, scale) for v in passes.model.trainable_variables]
        draws.append([to_numpy(t).ravel() for t in tree.flatten(passes.forward(rows.x, values=values))])
    together = [np.concatenate(parts) for parts in zip(*draws, strict=True)]
    finite = [a[np.isfinite(a)] for a in together]
    return [(float(a.min()), float(a.max())) if a.size else None for a in finite]


def _drawn(rng: np.random.Generator, variable: Any, scale: float) -> Any:
    values = rng.normal(scale=scale, size=tuple(variable.shape)).astype(np.float32)
    return ops.convert_to_tensor(values, dtype=variable.dtype)


def _range(near: Ends | None, small: Ends | None, large: Ends | None) -> Range | None:
    if small is None or large is None:
        return None
    low, high = (
        np.min([e[0] for e in (near, small, large) if e]),
        np.max([e[1] for e in (near, small, large) if e]),
    )
    # In float32 an unbounded output may overflow: what is left of it still grew.
    bounded_low = large[0] >= GROWN * small[0] - ROUNDING
    bounded_high = large[1] <= GROWN * small[1] + ROUNDING
    return Range(float(low) if bounded_low else -np.inf, float(high) if bounded_high else np.inf)


def _judged(goal: Goal, known: Range | None, seen: Range | None, rows: Sample) -> dict[str, Any]:
    found = known or seen
    if goal.values is None or found is None:
        return {"comparable": False, "because": goal.because or "the range of the output is not known"}
    values = goal.values.reshape(len(goal.values), -1)
    finite = np.isfinite(values)
    if not finite.any():
        return {"comparable": False, "because": "the targets are not finite"}
    slack = (GUESSED if known is None else ROUNDING) * max(
        1.0, *(abs(end) for end in found if np.isfinite(end)), 0.0
    )
    outside = finite & ((values < found.low - slack) | (values > found.high + slack))
    return {
        "comparable": True,
        "outside": float(outside.sum() / finite.sum()),
        "rows": float(outside.any(1).mean()),
        "low": _plain(found.low),
        "high": _plain(found.high),
        "target_low": float(values[finite].min()),
        "target_high": float(values[finite].max()),
        "known": "observed" if known is None else "activation",
        "one_entry": float(((values != 0).sum(1) <= 1).mean()) if values.shape[1] > 1 else 0.0,
        "labels": goal.labels,
        **_labels_outside(goal),
    }


def _labels_outside(goal: Goal) -> dict[str, float]:
    """Returns the share of class numbers for which the output has no unit; {} for other targets."""
    return {"labels_outside": float((goal.values.sum(-1) == 0).mean())} if goal.labels else {}  # type: ignore[union-attr]


def _plain(end: float) -> float | None:
    return float(end) if np.isfinite(end) else None
