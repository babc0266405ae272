"""Row losses: is the user's loss carried by a few rows, and is it finite for all?

The loss is a sum over rows where it is linear in weights given to them: its derivative with respect to these weights is
then each row's part, at the price of one backward pass. That it is so is checked, not assumed: the parts must add up
to the loss, and must stay as they are when the other rows are exchanged. Where the loss takes no weights (functions
that return one number), rows go through it one at a time, and their mean or sum must give the loss of the batch. A loss
for which neither holds (triplet mining, contrastive pairs) belongs to batches, not to rows: "separable" is False.

Cost: one pass of the model, two derivatives of the loss with respect to weights, and for losses without weights one
evaluation for each of at most MOST_SINGLE rows.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from keras import ops, tree

from lossdoctor import backends
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.output_rows import Outputs, bounded, check_loss_of_outputs, rows_of
from lossdoctor.experiments.passes import Passes, number, tensor
from lossdoctor.experiments.rows import take

LEAST_ROWS = 8
MOST_SINGLE = 128  # rows that are evaluated one by one
SAME = 2e-3  # relative difference up to which two ways to the same loss agree, in float32
MOST_VALUES = 8  # values of an array that a summary shows

Array = np.ndarray


def row_losses(passes: Passes, rows: Sample) -> dict[str, Any]:
    """Returns each row's part in the user's loss, and how unevenly they share it.

    Args:
        passes: the model at the weights that are to be judged.
        rows: rows of the training data, at least LEAST_ROWS.

    Returns:
        "loss": of all rows, without penalties; "separable": whether it follows from the rows' own losses; "losses":
        one a row, with sample weights, in the scale of "loss" (their mean is the loss, or its sum where "combined"
        is "sum"), NaN or inf where it is so, [] when not separable; "worst_1", "worst_5": share of the total carried
        by the worst 1 % and 5 % of the finite rows (of the part above the lowest row where some are below zero),
        NaN when not separable; "nonfinite": row numbers; "rows".

    Raises:
        ValueError: too few rows, or a loss that does not depend on the outputs.
    """
    rows = bounded(rows, least=LEAST_ROWS)
    outputs = passes.forward(rows.x)
    rows = bounded(rows, outputs, least=LEAST_ROWS)
    outputs = rows_of(outputs, np.arange(rows.rows))
    check_loss_of_outputs(passes, rows, outputs)
    loss = number(passes.loss(rows, outputs))
    found = losses_of_rows(passes, rows, outputs)
    losses, combined = found if found is not None else (np.zeros(0), "")
    worst = [share_of_worst(losses, share) for share in (0.01, 0.05)]
    nonfinite = [int(i) for i in np.flatnonzero(~np.isfinite(losses))]
    return {"loss": loss, "separable": found is not None, "combined": combined, "losses": losses.tolist(),
            "worst_1": worst[0], "worst_5": worst[1], "nonfinite": nonfinite, "rows": len(losses) or rows.rows}  # fmt: skip


def losses_of_rows(passes: Passes, rows: Sample, outputs: Any) -> tuple[Array, str] | None:
    """Returns (losses [rows], "mean" or "sum": how they make the loss), None for a loss that needs a batch.

    Only the first MOST_SINGLE rows have one when they must be evaluated one by one.
    """
    parts = _by_weights(passes, rows, outputs)
    if parts is not None:
        return parts * rows.rows, "mean"
    some = np.arange(min(rows.rows, MOST_SINGLE))
    part, made = take(rows, some), Outputs(rows_of(outputs, some))
    singles = np.asarray([_single(passes, part, made, int(i)) for i in some])
    fine = np.flatnonzero(np.isfinite(singles))
    if not len(fine):
        return singles, "mean"
    whole = number(passes.loss(take(part, fine), made.rows(fine)))
    ways = {"mean": float(singles[fine].mean()), "sum": float(singles[fine].sum())}
    combined = next((way for way, value in ways.items() if _same(value, whole)), None)
    return None if combined is None else (singles, combined)


def _single(passes: Passes, rows: Sample, outputs: Outputs, row: int) -> float:
    index = np.asarray([row])
    try:
        return number(passes.loss(take(rows, index), outputs.rows(index)))
    except Exception as error:
        raise ValueError(f"the loss cannot be had for one row alone ({type(error).__name__})") from error


def _by_weights(passes: Passes, rows: Sample, outputs: Any) -> Array | None:
    """Returns each row's part in the loss [rows] from its derivative in weights; None where it has no such parts."""
    given = rows.sample_weight is not None
    most = 1 if given else max(len(t.shape) for t in tree.flatten(outputs))
    # Losses of several axes, and masks, take weights of one axis or of as many as they have themselves.
    for axes in range(1, most + 1):
        try:
            parts = _parts(passes, rows, outputs, axes)
            if parts is not None and _adds_up(passes, rows, outputs, parts):
                return parts if _of_rows_alone(passes, rows, outputs, parts, axes) else None
        except Exception:  # weights of a form that this loss does not take
            continue
    return None


def _adds_up(passes: Passes, rows: Sample, outputs: Any, parts: Array) -> bool:
    """Returns whether the parts make the loss; rows that are not finite are left out of both."""
    fine = np.flatnonzero(np.isfinite(parts))
    if not len(fine) or len(fine) == rows.rows:
        return len(fine) > 0 and _same(float(parts.sum()), number(passes.loss(rows, outputs)))
    # The divisor may be that of all rows or, with masks and weights, another one: up to a factor it is compared below.
    return True


def _parts(passes: Passes, rows: Sample, outputs: Any, axes: int) -> Array | None:
    """Returns the loss's derivative in a factor on each row's weight, at one: [rows].

    Args:
        axes: how many the weights have, where the rows have none of their own.
    """
    given = tree.flatten(rows.sample_weight) if rows.sample_weight is not None else []

    # PyTorch multiplies masks into weights in place, so that these need all axes in full.
    shapes = {tuple(t.shape[:axes]) for t in tree.flatten(outputs)}
    shape = shapes.pop() if len(shapes) == 1 else (rows.rows, *[1] * (axes - 1))

    def loss(points: Any) -> Any:
        factor = points[0]
        shaped = [
            tensor(w) * ops.reshape(factor, (-1, *[1] * (np.ndim(w) - 1))) for w in given if w is not None
        ]
        own = ops.reshape(factor, (-1, *[1] * (axes - 1))) * ops.ones(shape)
        weights = tree.pack_sequence_as(rows.sample_weight, shaped) if given else own
        return passes.loss(Sample(rows.x, rows.y, weights), outputs)

    ones = ops.ones((rows.rows,), dtype="float32")
    _, (gradient,) = backends.current().value_and_gradients(loss, [ones])
    return None if gradient is None else np.asarray(ops.convert_to_numpy(gradient), np.float64)


def _of_rows_alone(passes: Passes, rows: Sample, outputs: Any, parts: Array, axes: int) -> bool:
    """Returns whether the first half's parts stay when the second half's rows give way to them, up to one factor.

    (Masks and weights of the rows that left are in the divisor of some losses: hence the factor.) One number for all
    rows comes from a function that knows no rows.
    """
    half = rows.rows // 2
    twice = np.resize(np.arange(half), rows.rows)
    again = _parts(passes, take(rows, twice), rows_of(outputs, twice), axes)
    fine = np.isfinite(parts[:half])
    if again is None or fine.sum() < 2:
        return False
    before, after = parts[:half][fine], again[:half][fine]
    size = float(np.abs(before).max())
    if size > 0 and np.ptp(before) <= 1e-6 * size:
        return _rows_agree(passes, rows, outputs, parts)
    factor = float(before @ after / max(before @ before, 1e-300))
    return size == 0 or bool(factor > 0 and np.abs(after - factor * before).max() <= SAME * size * factor)


def _rows_agree(passes: Passes, rows: Sample, outputs: Any, parts: Array) -> bool:
    """Returns whether rows that all have the same part also have it alone."""
    some = np.flatnonzero(np.isfinite(parts))[[0, -1]]
    made = Outputs(outputs)
    return all(_same(_single(passes, rows, made, int(i)), float(parts[i] * rows.rows)) for i in some)


def _same(one: float, other: float) -> bool:
    return math.isfinite(one) and abs(one - other) <= SAME * max(abs(one), abs(other), 1e-12)


def share_of_worst(losses: Array, share: float) -> float:
    """Returns the share of the total that the worst rows carry, 0 to 1; NaN without any loss.

    Args:
        losses: one a row; those not finite are left out.
        share: of the rows, 0 to 1; one row at least.

    Example:
        >>> share_of_worst(np.array([1.0, 1.0, 2.0]), 0.01)
        0.5
    """
    finite = np.sort(losses[np.isfinite(losses)])[::-1]
    above = finite - min(0.0, float(finite.min())) if len(finite) else finite
    total = float(above.sum())
    return float(above[: max(1, round(share * len(above)))].sum() / total) if total > 0 else math.nan


def worst_rows(passes: Passes, rows: Sample, losses: Array, count: int = 8) -> list[dict[str, Any]]:
    """Returns the rows with the highest losses, those not finite first.

    Args:
        passes: the model at the weights that are judged.
        rows: the rows that `losses` are of; more may follow.
        losses: one a row, as `row_losses` gives them.
        count: the most rows to return.

    Returns:
        For each: "row": its number, "loss", and "input", "target", "output": summaries as `summary` makes them.
    """
    losses = np.asarray(losses, np.float64)
    ranked = np.argsort(np.where(np.isfinite(losses), -losses, -np.inf), kind="stable")[:count]
    some = take(rows, ranked)
    outputs = passes.forward(some.x)
    return [
        {"row": int(row), "loss": float(losses[row]), "input": summary(some.x, place),
         "target": summary(some.y, place), "output": summary(outputs, place)}
        for place, row in enumerate(ranked)
    ]  # fmt: skip


def summary(part: Any, row: int) -> list[dict[str, Any]]:
    """Returns what one row of a pytree holds, one entry a leaf, in plain values.

    Each has "shape", and "values" where there are at most MOST_VALUES; else "first" values, and "low", "mean", "high"
    and "nonfinite" (how many) of numbers.
    """
    return [_summary(np.asarray(ops.convert_to_numpy(a))[row]) for a in tree.flatten(part) if a is not None]


def _summary(value: Array) -> dict[str, Any]:
    value = np.asarray(value)
    plain = [_plain(v) for v in value.ravel()[:MOST_VALUES]]
    base: dict[str, Any] = {"shape": list(value.shape)}
    if value.size <= MOST_VALUES:
        return {**base, "values": plain}
    if value.dtype.kind not in "fiub":
        return {**base, "first": plain}
    numbers = value.astype(np.float64)
    finite = numbers[np.isfinite(numbers)]
    stats = (finite.min(), finite.mean(), finite.max()) if finite.size else (math.nan,) * 3
    named = dict(zip(("low", "mean", "high"), (float(v) for v in stats), strict=True))
    return {**base, "first": plain, **named, "nonfinite": int(numbers.size - finite.size)}


def _plain(value: Any) -> float | int | str:
    kind = np.asarray(value).dtype.kind
    return float(value) if kind == "f" else int(value) if kind in "iub" else str(value)[:40]
