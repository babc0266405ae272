"""Gradient fault: the operation, layer and row at which a finite value gets a gradient that is NaN or infinite.

First the operations are named: one pass notes every call of sqrt, log, power, norm, division, ... whose slope is not
finite at its operand (singular.py). The one that is at fault is the one which, moved off that point, leaves all
gradients finite. Where operations cannot be seen (compiled losses, custom gradients) the place is found instead: the
gradient of the loss at the outputs, row by row, then at each layer's output (zeros added to it are differentiated).

Cost: a pass, then one forward and backward pass per candidate, MOST_CANDIDATES at most; to locate, one per row at most.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from keras import ops, tree

from lossdoctor import backends
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.layer_stack import named_calls
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.rows import take
from lossdoctor.experiments.singular import Singular, moved_off, singular_calls

MOST_CANDIDATES = 8  # singular calls that are tried, each with a backward pass
MOST_ROWS = 64  # rows that are differentiated alone to find the one at fault
NUDGE = (
    1e-3  # of an output's size and 1: how far outputs are moved to see whether only this point is at fault
)
UNKNOWN: dict[str, Any] = {"operation": None, "operand": None, "exponent": None, "place": None, "row": None, "behind_where": False,
           "confidence": "none", "more": [], "nan_targets": False}  # fmt: skip

Array = np.ndarray
Found = dict[str, Any]
Differentiated = Callable[[Passes, Sample, bool], tuple[float, list[Any]]]


def fault_of(passes: Passes, rows: Sample, training: bool, differentiated: Differentiated) -> Found:
    """Returns what makes the loss or its gradients not finite, with the names that gradient_path documents.

    Args:
        passes: the model at weights with which its outputs are finite.
        rows: the rows on which it happens.
        training: the mode of the pass.
        differentiated: gives the loss and its gradients, (passes, rows, training).
    """
    clean = _without_nan_targets(rows)
    if clean is not None and _all_finite(differentiated(passes, clean, training)):
        return _nan_targets(passes, rows, training)
    named = _named(passes, rows, training, differentiated)
    return named if named is not None else _located(passes, rows, training)


def _all_finite(found: tuple[float, list[Any]]) -> bool:
    value, gradients = found
    arrays = [g.astype(np.float32) for g in gradients if g is not None]
    return bool(np.isfinite(value)) and all(np.isfinite(a).all() for a in arrays)


# Missing targets


def _without_nan_targets(rows: Sample) -> Sample | None:
    """Returns the rows with 0 for targets that are not finite, None when there are none."""
    arrays = [np.asarray(a) for a in tree.flatten(rows.y) if a is not None]
    if not any(a.dtype.kind == "f" and not np.isfinite(a).all() for a in arrays):
        return None
    return replace(rows, y=tree.map_structure(_zeroed, rows.y))


def _zeroed(array: Any) -> Any:
    if array is None or np.asarray(array).dtype.kind != "f":
        return array
    return np.nan_to_num(np.asarray(array), nan=0.0, posinf=0.0, neginf=0.0)


def _nan_targets(passes: Passes, rows: Sample, training: bool) -> Found:
    _, hiding = _recorded(passes, rows, training)
    arrays = [np.asarray(a) for a in tree.flatten(rows.y)]
    bad = next(
        np.argwhere(~np.isfinite(a)) for a in arrays if a.dtype.kind == "f" and not np.isfinite(a).all()
    )
    operation = "where" if hiding else None
    return {**UNKNOWN, "operation": operation, "place": "loss", "row": int(bad[0][0]), "behind_where": bool(hiding),
            "confidence": "named" if hiding else "located", "nan_targets": True}  # fmt: skip


# By name


def _recorded(passes: Passes, rows: Sample, training: bool) -> tuple[list[tuple[Singular, Any]], list[int]]:
    with named_calls(passes.model) as open_calls:
        return singular_calls(
            lambda: passes.total_loss(rows, training=training),
            ops.convert_to_tensor(0.0),
            lambda: open_calls[-1] if open_calls else "loss",
        )


def _named(passes: Passes, rows: Sample, training: bool, differentiated: Differentiated) -> Found | None:
    """Returns the operation whose operand, moved, makes all finite; None when there is none."""
    calls, hiding = _recorded(passes, rows, training)

    def cured(points: Sequence[Singular]) -> bool:
        with moved_off(points, ops.convert_to_tensor(0.0)):
            return _all_finite(differentiated(passes, rows, training))

    # From the loss backwards: what comes last in the forward pass is first on the gradient's way.
    tried = calls[::-1][:MOST_CANDIDATES]
    alone = next(([pair] for pair in tried if cured([pair[0]])), None)
    together = alone or (tried if len(tried) > 1 and cured([p for p, _ in tried]) else None)
    if together is None:
        return None
    point, place = together[0]
    more = [f"{p.operation} in {where}" for p, where in together[1:]]
    row = point.entry[0] if point.shape and point.shape[0] == rows.rows else None
    found = {**UNKNOWN, "operation": point.operation, "operand": point.operand, "exponent": point.exponent,
             "place": place, "row": row, "behind_where": any(h > point.call for h in hiding), "confidence": "named",
             "more": more}  # fmt: skip
    return {**found, **_in_loss(passes, rows, training, point, row)} if place == "loss" else found


def _in_loss(passes: Passes, rows: Sample, training: bool, point: Singular, row: int | None) -> Found:
    """Returns what is known besides of a singular call in the loss: the row that suffers, output and target there."""
    made = passes.forward(rows.x, training=training)
    flat = tree.flatten(made)
    gradients = _loss_gradients(passes, rows, made, flat, training)
    if any(g is not None and not np.isfinite(g).all() for g in gradients):
        row = _row_of_loss(passes, rows, gradients, training)  # a mask may hide the operands of other rows
    moved = tree.pack_sequence_as(made, [t + NUDGE * (1 + ops.abs(t)) for t in flat])
    tensor = ops.convert_to_tensor(0.0)
    again, _ = singular_calls(lambda: passes.loss(rows, moved, training=training), tensor, lambda: None)
    same = any(_alike(point, other) for other, _ in again)
    return {"row": row, "targets_only": same, **_at_outputs(passes, rows, training, row)}


def _alike(a: Singular, b: Singular) -> bool:
    return (a.operation, a.entry, a.shape) == (b.operation, b.entry, b.shape) and np.array_equal(
        a.mask, b.mask
    )


# By place


def _located(passes: Passes, rows: Sample, training: bool) -> Found:
    made = passes.forward(rows.x, training=training)
    flat = tree.flatten(made)
    gradients = _loss_gradients(passes, rows, made, flat, training)
    if any(g is not None and not np.isfinite(g).all() for g in gradients):
        row = _row_of_loss(passes, rows, gradients, training)
        found = {**UNKNOWN, "place": "loss", "row": row, "confidence": "located"}
        return {**found, **_at_outputs(passes, rows, training, row)}
    place, row = _layer_at_fault(passes, rows, training)
    return {**UNKNOWN, "place": place, "row": row, "confidence": "located" if place else "none"}


def _loss_gradients(
    passes: Passes, rows: Sample, made: Any, flat: Sequence[Any], training: bool
) -> list[Array | None]:
    """Returns the gradients of the loss, without penalties, at given outputs."""

    def loss(points: Sequence[Any]) -> Any:
        return passes.loss(rows, tree.pack_sequence_as(made, list(points)), training=training)

    _, gradients = backends.current().value_and_gradients(loss, flat)
    return [None if g is None else np.asarray(ops.convert_to_numpy(g), np.float32) for g in gradients]


def _row_of_loss(passes: Passes, rows: Sample, gradients: Sequence[Any], training: bool) -> int | None:
    """Returns the first row whose gradient at the outputs is not finite, taken alone where all of them are not."""
    parts = [g.reshape(len(g), -1) for g in gradients if g is not None and not np.isfinite(g).all()]
    bad = np.any([~np.isfinite(p).all(1) for p in parts], axis=0)
    if not bad.all() or len(bad) == 1:
        return int(np.flatnonzero(bad)[0])
    for row in range(min(rows.rows, MOST_ROWS)):
        one = take(rows, np.array([row]))
        made = passes.forward(one.x, training=training)
        alone = _loss_gradients(passes, one, made, tree.flatten(made), training)
        if any(g is not None and not np.isfinite(g).all() for g in alone):
            return row
    return None


def _at_outputs(passes: Passes, rows: Sample, training: bool, row: int | None) -> Found:
    """Returns output and target at the first entry whose gradient is not finite, and whether a nudge cures it."""
    made = passes.forward(rows.x, training=training)
    flat = tree.flatten(made)
    gradients = _loss_gradients(passes, rows, made, flat, training)
    for i, gradient in enumerate(gradients):
        bad = np.zeros((0, 1)) if gradient is None else np.argwhere(~np.isfinite(gradient))
        own = bad[bad[:, 0] == row] if row is not None and len(bad) else bad
        if not len(own):
            continue
        entry = tuple(int(k) for k in own[0])
        moved = [t + NUDGE * (1 + ops.abs(t)) if k == i else t for k, t in enumerate(flat)]
        again = _loss_gradients(passes, rows, made, moved, training)[i]
        return {
            "output": i,
            "output_value": float(np.asarray(ops.convert_to_numpy(flat[i]))[entry]),
            "target_value": _target_at(rows, i, entry, tuple(flat[i].shape)),
            "edge": again is not None and bool(np.isfinite(again).all()),
        }
    return {}


def _target_at(rows: Sample, i: int, entry: tuple[int, ...], shape: tuple[int, ...]) -> float | None:
    targets = [np.asarray(t) for t in tree.flatten(rows.y)] if rows.y is not None else []
    if i >= len(targets) or targets[i].dtype.kind not in "fiub":
        return None
    target = targets[i].reshape(shape) if targets[i].size == int(np.prod(shape)) else targets[i]
    return float(target[entry[: target.ndim]]) if target.shape == shape[: target.ndim] else None


def _layer_at_fault(passes: Passes, rows: Sample, training: bool) -> tuple[str | None, int | None]:
    """Returns the layer through which a finite gradient comes out not finite, and the row, where they can be seen."""
    names, shapes = _layer_outputs(passes, rows, training)

    def loss(points: Sequence[Any]) -> Any:
        left = iter(points)

        def added(name: str, made: Any) -> Any:
            return made + ops.cast(next(left), made.dtype) if _plain(made) else made

        with named_calls(passes.model, added):
            return passes.total_loss(rows, training=training)

    zeros = [ops.zeros(shape, "float32") for shape in shapes]
    _, gradients = backends.current().value_and_gradients(loss, zeros)
    found = [None if g is None else np.asarray(ops.convert_to_numpy(g)) for g in gradients]
    bad = [k for k, g in enumerate(found) if g is not None and not np.isfinite(g).all()]
    if not bad:  # nothing before the first layer with weights: the fault is in that layer itself
        return (names[0], None) if names else (None, None)
    last = found[bad[-1]]
    assert last is not None
    row = int(np.argwhere(~np.isfinite(last))[0][0]) if last.ndim and len(last) == rows.rows else None
    return (names[bad[-1] + 1] if bad[-1] + 1 < len(names) else "model"), row


def _layer_outputs(passes: Passes, rows: Sample, training: bool) -> tuple[list[str], list[tuple[int, ...]]]:
    """Returns name and shape of each output of a leaf layer to which zeros can be added, in the order of the pass."""
    names: list[str] = []
    shapes: list[tuple[int, ...]] = []

    def noted(name: str, made: Any) -> Any:
        if _plain(made):
            names.append(name)
            shapes.append(tuple(made.shape))
        return made

    with named_calls(passes.model, noted):
        passes.total_loss(rows, training=training)
    return names, shapes


def _plain(made: Any) -> bool:
    """Whether something is one float tensor, and not one that carries logits besides, which an addition would lose."""
    floats = hasattr(made, "shape") and "float" in str(getattr(made, "dtype", ""))
    return floats and keras_private.logits(made) is made
