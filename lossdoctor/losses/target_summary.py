"""Target arrays to the numbers that a record keeps of them: coding, classes and reference levels."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

import lossdoctor.losses.codings as codings
from lossdoctor.losses import LOSSES, Loss, loss_of
from lossdoctor.losses.loss_row import columns_of
from lossdoctor.record import Output, Target
from lossdoctor.record.summary import as_array, as_numbers, summarize_array

MAX_ENTRIES = 2**16  # reference levels of larger targets are taken from evenly spread rows
MAX_COLUMNS = 2**12  # and columns
MAX_KINDS = 100  # more different targets are no classes whose weights could be given


def summarize_targets(
    leaves: Mapping[str, Any] | Iterable[Any], outputs: Sequence[Output] = ()
) -> tuple[Target, ...]:
    """Returns one Target per array.

    Args:
        leaves: arrays [rows, ...] by output name, or in the order of the outputs.
        outputs: the model's outputs, which give names and decide what whole numbers mean.
    """
    if isinstance(leaves, Mapping):
        by_name = {output.name: output for output in outputs}
        return tuple(summarize_target(str(k), a, by_name.get(str(k))) for k, a in leaves.items())
    arrays = list(leaves)
    if len(outputs) == len(arrays):
        return tuple(summarize_target(o.name, a, o) for o, a in zip(outputs, arrays, strict=True))
    names = ["target"] if len(arrays) == 1 else [f"target_{i}" for i in range(len(arrays))]
    return tuple(summarize_target(name, array) for name, array in zip(names, arrays, strict=True))


def summarize_target(name: str, array: Any, output: Output | None = None) -> Target:
    """Returns the Target of any array with rows; raises nothing on odd data.

    Args:
        name: as the report calls it.
        array: [rows, ...].
        output: the output it belongs to. Its loss decides whether whole numbers are classes, and its
            settings (label smoothing, delta, ...) go into the reference levels of that loss.
    """
    raw = as_array(array)
    numbers = as_numbers(raw)
    facts = {f.name: getattr(a, f.name) for a in [summarize_array(name, raw)] for f in dataclasses.fields(a)}
    if numbers is None:
        return Target(**facts, coding="text")
    y = columns_of(numbers) if numbers.size else np.zeros((0, 1))
    loss = loss_of(output.loss) if output else None
    if output and _per_position(raw, output):
        y = y.reshape(-1, 1)
    coding = codings.coding_of(y, loss)
    sums = y.sum(1) if y.size else np.zeros(1)
    levels = _levels(y, coding, loss, output)
    return Target(
        **facts,
        coding=coding,
        classes=codings.classes_of(y, coding),
        counts=codings.counts_of(y, coding),
        row_sum_low=float(sums.min()),
        row_sum_high=float(sums.max()),
        shares=_shares(y),
        baselines=levels["baselines"],
        floors=levels["floors"],
    )


def class_weights(targets: Any, weights: Any) -> dict[str, float]:
    """Returns the mean weight of the rows of each class; {} without one weight a row, or without few classes.

    Args:
        targets: class numbers [rows] or [rows, 1].
        weights: [rows] or [rows, 1].
    """
    if not hasattr(targets, "shape") or not hasattr(weights, "shape"):
        return {}
    y, w = np.asarray(targets).ravel(), np.asarray(weights).ravel()
    if y.dtype.kind not in "fiub" or y.size != w.size or not 1 < len(kinds := np.unique(y)) <= MAX_KINDS:
        return {}
    return {f"{kind:g}": float(w[y == kind].mean()) for kind in kinds}


def outline_target(name: str, shape: tuple[int | None, ...], dtype: str) -> Target:
    """Returns the Target of targets whose values were never seen: coding "unseen".

    For runs that end in an error before their first step: shape and dtype are known while it is traced.

    Args:
        name: as the report calls it.
        shape: without the batch axis, None where an axis is open.
        dtype: as numpy names it.
    """
    whole = dtype.startswith(("int", "uint", "bool"))
    return Target(name, dtype, shape, 0, integers=whole, coding="unseen")


def _per_position(raw: np.ndarray, output: Output) -> bool:
    """Whether the targets hold one number where the output has a row of units, as tokens or pixels do."""
    return bool(output.shape) and raw.ndim == len(output.shape)


def _shares(y: np.ndarray) -> dict[str, float]:
    if not y.size:
        return {}
    tests = {"<-1": y < -1, "<0": y < 0, "=0": y == 0, ">1": y > 1}
    return {name: float(test.mean()) for name, test in tests.items()}


def _levels(
    y: np.ndarray, coding: str, loss: Loss | None, output: Output | None
) -> dict[str, dict[str, float]]:
    """Returns the finite baselines and floors of the loss in use and of those made for this coding."""
    step = max(1, y.size // MAX_ENTRIES)
    some = y[::step, :: max(1, y.shape[1] // MAX_COLUMNS)]
    found: dict[str, dict[str, float]] = {"baselines": {}, "floors": {}}
    if not some.size:
        return found
    with np.errstate(all="ignore"):
        for kind in LOSSES.values():
            if kind is not loss and coding not in kind.codings:
                continue
            config = output.loss_config if output and kind is loss else {}
            _keep(found["baselines"], kind.name, kind.baseline(some, config))
            if loss is None or kind is loss:
                _keep(found["floors"], kind.name, kind.floor(some, config))
    return found


def _keep(levels: dict[str, float], name: str, value: float) -> None:
    if np.isfinite(value):
        levels[name] = value
