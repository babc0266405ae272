"""Independence: is each row's output a function of that row alone, and each time step's of the past alone?

The inputs of a quarter of the rows are replaced by those of another row (so token numbers stay token numbers); the
outputs of the rest must stay as they are. Likewise the inputs of the later half of the time steps are replaced, and
the outputs of the earlier half compared. Statistics over the batch, a wrong reshape, and attention or normalisation
over the rows' axis show in the first; bidirectional layers, missing causal masks and "same" padding in the second.

Cost: two passes over the rows in each of two modes, and one more where inputs and outputs share a time axis.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import tree

from lossdoctor import keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.goals import to_numpy
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.reach import limited
from lossdoctor.experiments.rows import take

LEAST_ROWS = 8
MOST_ROWS = 64
LEAST_STEPS = 4  # of a time axis
CHANGED = 1e-4  # of the outputs' size: float32 rounding of another batch is far below

Array = np.ndarray


def independence(passes: Passes, rows: Sample, seed: int = 0) -> dict[str, Any]:
    """Returns how far outputs depend on other rows and on later time steps.

    Args:
        passes: the model at any weights; random ones serve as well as trained ones.
        rows: at least 8 rows; targets are not used, MOST_ROWS are enough.
        seed: of the rows that are replaced.

    Returns:
        "rows_inference": largest change of the outputs of untouched rows, as a share of the outputs' root mean square;
        "share_inference": share of those rows that changed by more than CHANGED; "rows_training", "share_training":
        the same in training mode with the same random numbers, None for models with BatchNormalization, whose rows
        depend on each other there by design; "future": largest change of an earlier time step's output, None without
        a time axis that inputs and outputs share; "future_share": share of (row, earlier step) that changed.
        "own": change of the rows that were replaced: 0 says that the outputs depend on no input.

    Raises:
        ValueError: too few rows, or rows that are all alike.
    """
    if rows.rows < LEAST_ROWS:
        raise ValueError(f"{rows.rows} rows are too few to tell whether they depend on each other")
    rows = limited(passes, take(rows, np.arange(min(rows.rows, MOST_ROWS))))
    replaced = _replaced(rows.rows, seed)
    rest = np.setdiff1d(np.arange(rows.rows), replaced)
    source = np.arange(rows.rows)
    source[replaced] = rest[
        0
    ]  # all by one row: what is only exchanged leaves sums over the batch as they were
    other = take(Sample(rows.x), source).x
    if _equal(rows.x, other):
        raise ValueError("all rows have the same inputs")
    before = _outputs(passes, rows.x, False)
    after = _outputs(passes, other, False)
    change, share = _compared(before, after, rest)
    train = None if _mixes_by_design(passes.model) else _in_training(passes, rows.x, other, replaced)
    return {
        "rows_inference": change,
        "share_inference": share,
        "rows_training": train and train[0],
        "share_training": train and train[1],
        **_future(passes, rows, before),
        "own": _compared(before, after, replaced)[0],
    }


def _replaced(rows: int, seed: int) -> Array:
    return np.sort(np.random.default_rng(seed).permutation(rows)[: max(2, rows // 4)])


def _equal(a: Any, b: Any) -> bool:
    pairs = zip(tree.flatten(a), tree.flatten(b), strict=True)
    return all(np.array_equal(np.asarray(p), np.asarray(q)) for p, q in pairs)


def _outputs(passes: Passes, x: Any, training: bool) -> list[Array]:
    return [to_numpy(t) for t in tree.flatten(passes.forward(x, training=training))]


def _compared(before: list[Array], after: list[Array], index: Array) -> tuple[float, float]:
    """Returns the largest relative change in the rows `index`, and the share of them that changed."""
    changes = [
        _change(a, b)[index].reshape(len(index), -1).max(1) for a, b in zip(before, after, strict=True)
    ]
    worst = np.max(changes, axis=0)
    return float(worst.max()), float((worst > CHANGED).mean())


def _change(before: Array, after: Array) -> Array:
    """Returns the change of each entry as a share of the outputs' root mean square; entries not finite count as 0."""
    size = float(np.sqrt(np.mean(np.square(np.nan_to_num(before))))) or 1.0
    change: Array = np.nan_to_num(np.abs(after - before)) / size
    return change


def _mixes_by_design(model: Any) -> bool:
    layers = keras_private.all_layers(model)
    return any(isinstance(layer, keras.layers.BatchNormalization) for layer in layers)


def _in_training(passes: Passes, x: Any, other: Any, replaced: Array) -> tuple[float, float]:
    before, after = _outputs(passes, x, True), _outputs(passes, other, True)
    return _compared(before, after, np.setdiff1d(np.arange(len(before[0])), replaced))


# Time


def _future(passes: Passes, rows: Sample, before: list[Array]) -> dict[str, float | None]:
    steps = _shared_steps(rows.x, before)
    if steps is None:
        return {"future": None, "future_share": None}
    cut, around = steps // 2, np.roll(np.arange(rows.rows), 1)

    def later_replaced(a: Any) -> Any:
        if a is None or not _has_steps(np.asarray(a), steps):
            return a
        changed = np.array(a)
        changed[:, cut:] = changed[around, cut:]
        return changed

    after = _outputs(passes, tree.map_structure(later_replaced, rows.x), False)
    pairs = [(a, b) for a, b in zip(before, after, strict=True) if a.ndim > 1 and a.shape[1] == steps]
    changes = [_change(a, b)[:, :cut].reshape(rows.rows, cut, -1).max(2) for a, b in pairs]
    worst = np.max(changes, axis=0)
    return {"future": float(worst.max()), "future_share": float((worst > CHANGED).mean())}


def _shared_steps(x: Any, made: list[Array]) -> int | None:
    """Returns the length of the time axis that an input and an output share, None when there is none."""
    lengths = {a.shape[1] for a in made if a.ndim > 1}
    inputs = [np.asarray(a) for a in tree.flatten(x) if a is not None]
    known = [n for n in lengths if n >= LEAST_STEPS and any(_has_steps(a, n) for a in inputs)]
    return max(known, default=None)


def _has_steps(array: Array, steps: int) -> bool:
    """Whether an input is a sequence of that length: [rows, steps, features], or whole numbers [rows, steps]."""
    sequence = array.ndim == 3 or (array.ndim == 2 and array.dtype.kind in "iu")
    return sequence and array.shape[1] == steps
