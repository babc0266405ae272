"""Arrays of any kind to the numbers that a record keeps of them. Raises nothing on odd data."""

from __future__ import annotations

from typing import Any

import numpy as np

import lossdoctor.record.robust_distance as robust_distance
from lossdoctor.record.data import Array, Features

MAX_FEATURES = 4096  # wider arrays (flattened images, bags of words) are summed up as a whole only
MAX_ENTRIES = 2**20  # statistics of larger arrays use every n-th position; extremes and NaN use all
MAX_DISTINCT = 1000
PLACES = 10  # so many bad rows and columns are listed


def summarize_array(name: str, array: Any) -> Array:
    """Returns the Array of anything with rows: numbers, bools, strings, objects, images, empty arrays.

    Args:
        name: as the report calls it.
        array: [rows, ...]; a scalar counts as one row. What is no number gives dtype and shape only.
    """
    raw = as_array(array)
    facts: dict[str, Any] = {
        "name": name,
        "dtype": raw.dtype.name,
        "shape": tuple(int(n) for n in raw.shape[1:]),
        "rows": len(raw),
    }
    numbers = as_numbers(raw)
    if numbers is None:
        facts["distinct"] = len({str(v) for v in raw.ravel()[:MAX_DISTINCT].tolist()})
    elif numbers.size:
        facts.update(_extremes(numbers), **_statistics(numbers), **_bad_places(numbers))
        facts["padded"] = _padded(numbers)
    return Array(**facts)


def as_array(array: Any) -> np.ndarray:
    """Returns `array` as an ndarray of rank 1 or more; ragged or foreign things become object arrays."""
    try:
        raw = np.asarray(array)
    except (ValueError, TypeError):
        rows = list(array)
        raw = np.empty(len(rows), dtype=object)
        raw[:] = rows
    return raw.reshape(1) if raw.ndim == 0 else raw


def as_numbers(raw: np.ndarray) -> np.ndarray | None:
    """Returns numbers that numpy can reckon with (bools as int8, bfloat16 as float32), None for text."""
    if raw.dtype.kind in "iuf":
        return raw
    if raw.dtype.kind == "b":
        return raw.astype(np.int8)
    if raw.dtype.kind in "SUMmc":
        return None
    try:
        return raw.astype(np.float64 if raw.dtype.kind == "O" else np.float32)
    except (ValueError, TypeError):
        return None


def _extremes(numbers: np.ndarray) -> dict[str, Any]:
    finite = np.isfinite(numbers) if numbers.dtype.kind == "f" else np.ones(numbers.shape, bool)
    values = numbers if finite.all() else numbers[finite]
    if not values.size:
        return {"nonfinite": numbers.size}
    return {
        "nonfinite": numbers.size - values.size,
        "low": float(values.min()),
        "high": float(values.max()),
        "integers": numbers.dtype.kind != "f" or (_whole(values.ravel()[:1000]) and _whole(values)),
    }


def _whole(values: np.ndarray) -> bool:
    return bool((values == np.floor(values)).all())


def by_column(numbers: np.ndarray) -> np.ndarray:
    """Returns float64 [positions, columns], the last axis as columns, every n-th of more than MAX_ENTRIES."""
    flat = numbers.reshape(len(numbers), -1) if numbers.ndim < 2 else numbers.reshape(-1, numbers.shape[-1])
    step = max(1, flat.size // MAX_ENTRIES)
    return flat[::step].astype(np.float64)


def _statistics(numbers: np.ndarray) -> dict[str, Any]:
    columns = by_column(numbers)
    finite = np.isfinite(columns)
    values = columns[finite]
    if not values.size:
        return {}
    found: dict[str, Any] = {"mean": float(values.mean()), "std": float(values.std())}
    found["distinct"] = min(MAX_DISTINCT, len(np.unique(values[:: max(1, values.size // 200_000)])))
    if columns.shape[1] <= MAX_FEATURES:
        found["features"] = _features(columns, finite)
        found.update(_outlier(numbers, columns))
    return found


def _features(columns: np.ndarray, finite: np.ndarray) -> Features:
    counts = np.maximum(finite.sum(0), 1)
    known = np.where(finite, columns, 0.0)
    mean = known.sum(0) / counts
    spread = np.where(finite, columns - mean, 0.0)
    empty = ~finite.any(0)
    low = np.min(columns, axis=0, where=finite, initial=np.inf)
    high = np.max(columns, axis=0, where=finite, initial=-np.inf)
    return Features(
        mean=mean,
        std=np.sqrt((spread**2).sum(0) / counts),
        low=np.where(empty, 0.0, low),
        high=np.where(empty, 0.0, high),
        nonfinite=(~finite).sum(0),
    )


def _outlier(numbers: np.ndarray, columns: np.ndarray) -> dict[str, Any]:
    """Returns the farthest entry with its row and column, counted on the array as it was given."""
    far = robust_distance.all_distances(columns)
    if not far.size or not far.max() > 0:
        return {}
    place, column = np.unravel_index(int(far.argmax()), far.shape)
    positions = max(1, numbers.size // (len(numbers) * columns.shape[1]))
    step = max(1, numbers.size // MAX_ENTRIES)
    return {
        "outlier": float(far[place, column]),
        "outlier_row": int(place) * step // positions,
        "outlier_column": int(column),
    }


def _padded(numbers: np.ndarray) -> float:
    if numbers.ndim < 2:
        return 0.0
    steps = (numbers != 0).reshape(*numbers.shape[:2], -1).any(2)[:, ::-1]
    return float(np.where(steps.any(1), steps.argmax(1), steps.shape[1]).mean() / steps.shape[1])


def _bad_places(numbers: np.ndarray) -> dict[str, Any]:
    bad = ~np.isfinite(numbers)
    if not bad.any():
        return {}
    rows = np.flatnonzero(bad.reshape(len(bad), -1).any(1))[:PLACES]
    columns = np.flatnonzero(bad.reshape(-1, bad.shape[-1] if bad.ndim > 1 else 1).any(0))[:PLACES]
    return {"bad_rows": tuple(int(r) for r in rows), "bad_columns": tuple(int(c) for c in columns)}
