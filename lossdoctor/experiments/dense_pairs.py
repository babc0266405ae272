"""Dense pairs: does a place of the input tell anything of the target at that place? For masks and pictures.

A linear model (ridge regression) is fitted from what surrounds a place in the input (its channels, their means over
3 and 7 places, and squares) to the target there, on half of the rows, and scored on the other half: once with the true
pairs, and some times with the targets of other rows. A mask that belongs to another picture is no better than those.
No model and no loss of the user's is needed, so this holds where training itself goes wrong.

Cost: PERMUTATIONS + 1 least-squares problems of a dozen columns.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import uniform_filter

from lossdoctor.backends.sample import Sample

LEAST_ROWS = 16
PERMUTATIONS = 5
WIDTHS = (3, 7)  # places over which the input is averaged
MOST_PLACES = 20_000  # of each half
RIDGE = 1e-3

Array = np.ndarray


def dense_pairs(rows: Sample, seed: int = 0) -> dict[str, float]:
    """Returns how much of the targets' variance their own input explains, place by place.

    Args:
        rows: one input [rows, *places, channels] and one target [rows, *places, channels] over the same places.
        seed: of the halves, places and permutations.

    Returns:
        "true": share of the variance on the scored half, 1 at best and below 0 where it is worse than the mean;
        "exchanged": the same with the targets of other rows, mean over PERMUTATIONS; "error": their standard deviation.

    Raises:
        ValueError: too few rows, or inputs and targets over other places.
    """
    x, y = np.asarray(rows.x), np.asarray(rows.y)
    if x.ndim < 3 or x.dtype.kind not in "fiub" or y.dtype.kind not in "fiub" or y.shape[:-1] != x.shape[:-1]:
        raise ValueError("inputs and targets do not lie over the same places")
    if len(x) < LEAST_ROWS:
        raise ValueError(f"{len(x)} rows are too few to compare true pairs with exchanged ones")
    rng = np.random.default_rng(seed)
    features, targets = _features(x.astype(np.float64)), y.astype(np.float64)
    true = _explained(features, targets, rng)
    others = [_explained(features, np.roll(targets, shift, axis=0), rng) for shift in _shifts(len(x), rng)]
    return {"true": true, "exchanged": float(np.mean(others)), "error": float(np.std(others, ddof=1))}


def _shifts(rows: int, rng: np.random.Generator) -> list[int]:
    return [int(s) for s in rng.choice(np.arange(1, rows), size=PERMUTATIONS, replace=False)]


def _features(x: Array) -> Array:
    """Returns [rows, *places, features]."""
    x = (x - np.nanmean(x)) / (np.nanstd(x) or 1.0)
    inner = range(1, x.ndim - 1)
    means = [uniform_filter(x, [w if axis in inner else 1 for axis in range(x.ndim)]) for w in WIDTHS]
    parts = [np.nan_to_num(p) for p in (x, *means)]
    return np.concatenate([*parts, *(np.square(p) for p in parts)], axis=-1)


def _explained(features: Array, targets: Array, rng: np.random.Generator) -> float:
    half = len(features) // 2
    fitted, scored = (
        _places(features[part], targets[part], rng) for part in (slice(0, half), slice(half, None))
    )
    columns = fitted[0].shape[1]
    gram = fitted[0].T @ fitted[0] + RIDGE * len(fitted[0]) * np.eye(columns)
    answer = scored[0] @ np.linalg.solve(gram, fitted[0].T @ fitted[1])
    variance = float(np.square(scored[1] - fitted[1].mean(0)).mean())
    return 1.0 - float(np.square(scored[1] - answer).mean()) / variance if variance else 0.0


def _places(features: Array, targets: Array, rng: np.random.Generator) -> tuple[Array, Array]:
    flat, goal = features.reshape(-1, features.shape[-1]), targets.reshape(-1, targets.shape[-1])
    pick = rng.choice(len(flat), size=min(len(flat), MOST_PLACES), replace=False)
    return np.column_stack([flat[pick], np.ones(len(pick))]), np.nan_to_num(goal[pick])
