"""Missing values: a share of the entries at exactly one number that lies apart from all others.

Numbers such as -999, -1, 0, 255 or 1e20 that stand for "not measured" are learned as if they were measured. Such a
number is the lowest or the highest of its column, comes several times, and leaves a gap to the next one that is wide
against the spread of the rest. Zero-inflated amounts, dark backgrounds, counts, one-hot rows and censored maxima have
no gap; class numbers have gaps of 1.

Cost: one sort of at most MOST_ENTRIES entries. No model is needed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.record.robust_distance import IQR_TO_STD

LEAST_ROWS = 32
LEAST_TIMES = 3  # how often the number must come, in a column
LEAST_SHARE = 0.005
MOST_SHARE = 0.9  # beyond it the others are the odd ones
MOST_ENTRIES = 2**20
MOST_COLUMNS = 1024
MOST_NAMED = 16  # columns that are listed
FEW_KINDS = 20  # so many different numbers, all whole, may be class numbers
CLASS_GAP = 3.0  # how many times wider than all classes together a gap to a number that is none must be
LEAST_GAP = (
    1.0  # in spreads of the rest: narrower gaps come by chance, 0.96 at most in 1500 samples of 256 rows
)

Array = np.ndarray


def missing_values(array: Any) -> dict[str, Any] | None:
    """Returns the number that may stand for something missing, None when none lies apart.

    Args:
        array: inputs or targets, [rows], [rows, columns] or [rows, ..., channels]; at least 32 rows.

    Returns:
        "value"; "share" of the entries in its columns, and "rows" (share of rows that hold it there); "columns" (indices
        along the last axis, MOST_NAMED at most), "column_count", "column_share"; "gap" (to the next number, in robust
        standard deviations of the rest, of the column where it is widest) and "distance" (from their median, likewise);
        "positions": entries a row and column, above 1 for pictures and sequences, whose background or padding is no
        missing number; "labels": True when the rest are class numbers, whose gap is in widths of all classes together.

    Raises:
        ValueError: too few rows, or no numbers.
    """
    given = np.asarray(array)
    if given.dtype.kind not in "fiu" or given.ndim == 0:
        raise ValueError("the array does not hold numbers")
    if len(given) < LEAST_ROWS:
        raise ValueError(f"{len(given)} rows are too few to tell numbers that stand for missing ones")
    columns, per_row, numbers = _columns(given)
    found = [one for side in (1.0, -1.0) for one in _apart(side * columns, side)]
    return _summary(found, columns, per_row, numbers)


def _columns(array: Array) -> tuple[Array, int, Array]:
    """Returns float64 [entries, columns], entries per row, and the columns' numbers along the last axis."""
    width = array.shape[-1] if array.ndim > 1 else 1
    numbers = np.arange(width)[:: max(1, -(-width // MOST_COLUMNS))]
    rows = array.reshape(len(array), -1, width)[:, :, numbers]
    step = max(1, rows.size // MOST_ENTRIES)
    some = rows[:, ::step]
    return some.reshape(-1, len(numbers)).astype(np.float64), some.shape[1], numbers


def _apart(columns: Array, side: float) -> list[dict[str, float]]:
    """Returns for each column whose lowest number lies apart its index, number, gap and distance."""
    finite = np.where(np.isfinite(columns), columns, np.inf)
    ordered = np.sort(finite, axis=0)
    counts = (ordered == ordered[0]).sum(0)
    total = np.isfinite(ordered).sum(0)
    often = (counts >= LEAST_TIMES) & (counts >= LEAST_SHARE * total) & (counts <= MOST_SHARE * total)
    return [
        one
        for i in np.flatnonzero(often)
        if (one := _candidate(ordered[: total[i], i], counts[i], int(i), side))
    ]


def _candidate(ordered: Array, count: int, column: int, side: float) -> dict[str, float] | None:
    """Returns how far the first of sorted numbers, which comes `count` times, lies from the rest; None if not apart."""
    value, rest = ordered[0], ordered[count:]
    low, middle, high = np.percentile(rest, (25, 50, 75))
    spread = IQR_TO_STD * (high - low)
    kinds = np.unique(rest)
    labels = len(kinds) <= FEW_KINDS and bool((kinds == np.round(kinds)).all())
    unit = (kinds[-1] - kinds[0]) if labels else spread
    few = len(kinds) < (3 if labels else FEW_KINDS)
    if few or unit <= 0 or rest[0] - value < (CLASS_GAP if labels else LEAST_GAP) * unit:
        return None
    gap, distance = (rest[0] - value) / unit, (middle - value) / unit
    return {"column": column, "value": side * value, "gap": gap, "distance": distance, "labels": labels}


def _summary(
    found: list[dict[str, float]], columns: Array, per_row: int, numbers: Array
) -> dict[str, Any] | None:
    if not found:
        return None
    values, times = np.unique([one["value"] for one in found], return_counts=True)
    best = max(found, key=lambda one: (times[values == one["value"]][0], one["gap"]))
    same = [one for one in found if one["value"] == best["value"]]
    held = columns[:, [int(one["column"]) for one in same]] == best["value"]
    widest = max(same, key=lambda one: one["gap"])
    return {
        "value": float(best["value"]),
        "share": float(held.mean()),
        "rows": float(held.reshape(-1, per_row, len(same)).any((1, 2)).mean()),
        "columns": [int(numbers[int(one["column"])]) for one in same][:MOST_NAMED],
        "column_count": len(same),
        "column_share": len(same) / len(numbers),
        "gap": float(widest["gap"]),
        "distance": float(widest["distance"]),
        "positions": per_row,
        "labels": bool(widest["labels"]),
    }
