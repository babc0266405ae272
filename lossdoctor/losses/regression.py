"""Best constant predictions and floors of the regression losses, Poisson, the hinges and cosine similarity.

All formulas average as Keras does: over the last axis, then over the rows. Each was derived from the source
of keras/src/losses/losses.py (3.15) and is compared with the real loss in tests/losses/test_baselines.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lossdoctor.losses.loss_row import EPSILON, Best, columns_of, nothing

HALVINGS = 60  # each halves the bracket: 60 leave 1e-18 of it


def where_zero(slope: Callable[[np.ndarray], np.ndarray], low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """Returns where the rising functions `slope` cross zero between `low` and `high`, all [columns]."""
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        rising = slope(middle) > 0
        low, high = np.where(rising, low, middle), np.where(rising, middle, high)
    result: np.ndarray = (low + high) / 2
    return result


def mean_squared_error(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The mean; its loss is the variance, averaged over the columns."""
    y = columns_of(targets)
    return Best(y.mean(0), y.var(0).mean()) if y.size else nothing()


def mean_absolute_error(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The median; its loss is the mean absolute deviation from it."""
    y = columns_of(targets)
    if not y.size:
        return nothing()
    middle = np.median(y, axis=0)
    return Best(middle, np.abs(y - middle).mean())


def mean_absolute_percentage_error(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The median weighted with 1 / |target|. In percent."""
    y = columns_of(targets)
    if not y.size:
        return nothing()
    size = np.maximum(np.abs(y), EPSILON)
    order = np.argsort(y, axis=0)
    weight = np.cumsum(np.take_along_axis(1 / size, order, 0), axis=0)
    half = np.argmax(weight >= weight[-1] / 2, axis=0)
    middle = np.take_along_axis(np.take_along_axis(y, order, 0), half[None], 0)[0]
    return Best(middle, 100 * (np.abs(y - middle) / size).mean())


def mean_squared_logarithmic_error(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """exp(mean of log(1 + y)) - 1; its loss is the variance of log(1 + y). Negative targets count as 0."""
    y = columns_of(targets)
    if not y.size:
        return nothing()
    logs = np.log1p(np.maximum(y, EPSILON))
    return Best(np.expm1(logs.mean(0)), logs.var(0).mean())


def huber(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """Between the median and the mean, by `delta` (1 unless given)."""
    y, delta = columns_of(targets), float(config.get("delta", 1.0))
    if not y.size:
        return nothing()
    best = where_zero(lambda c: np.clip(c - y, -delta, delta).mean(0), y.min(0), y.max(0))
    far = np.abs(y - best)
    return Best(best, np.where(far <= delta, far**2 / 2, delta * far - delta**2 / 2).mean())


def log_cosh(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """Where the mean of tanh(c - y) is 0."""
    y = columns_of(targets)
    if not y.size:
        return nothing()
    best = where_zero(lambda c: np.tanh(c - y).mean(0), y.min(0), y.max(0))
    far = np.abs(best - y)  # log(cosh(x)) is even; written for x >= 0 it cannot overflow
    return Best(best, (far + np.log1p(np.exp(-2 * far)) - np.log(2)).mean())


def poisson(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The mean, less Keras's epsilon."""
    y = columns_of(targets)
    if not y.size:
        return nothing()
    best = np.maximum(y.mean(0) - EPSILON, 0.0)
    return Best(best, (best - y * np.log(best + EPSILON)).mean())


def poisson_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """The loss of predicting each target itself: mean of y - y log y."""
    y = np.maximum(columns_of(targets), 0.0)
    return float((y - y * np.log(y + EPSILON)).mean()) if y.size else np.nan


def as_signs(y: np.ndarray) -> np.ndarray:
    """Returns y with {0, 1} turned into {-1, 1}, which the Keras hinges do when all labels are 0 or 1."""
    return 2 * y - 1 if np.isin(y, (0, 1)).all() else y


def _hinge(targets: np.ndarray, power: int) -> Best:
    y = as_signs(columns_of(targets))
    if not y.size:
        return nothing()
    # The loss is 0 or rises beyond 1 / |smallest target|, so the best constant lies within.
    reach = 1 / np.maximum(np.where(y == 0, np.inf, np.abs(y)).min(0), 1e-6)
    reach = np.where(np.isfinite(reach), reach, 0.0)

    def slope(c: np.ndarray) -> np.ndarray:
        missing = np.maximum(1 - y * c, 0)
        steep = np.where(missing > 0, -y, 0.0) if power == 1 else -2 * y * missing
        result: np.ndarray = steep.mean(0)
        return result

    best = where_zero(slope, -reach, reach)
    return Best(best, (np.maximum(1 - y * best, 0) ** power).mean())


def hinge(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The side of the larger class: twice the smaller class's share for labels of two kinds."""
    return _hinge(targets, 1)


def squared_hinge(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The mean of the labels -1 and 1: four times the product of the two shares."""
    return _hinge(targets, 2)


def categorical_hinge(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The largest class lifted by 1 when it holds over half of the rows, else none: min(1, 2 (1 - p))."""
    y = columns_of(targets)
    if not y.size or y.shape[1] < 2 or not (np.isin(y, (0, 1)).all() and (y.sum(1) == 1).all()):
        return nothing(y.shape[-1])
    share = y.mean(0)
    best = np.where((np.arange(y.shape[1]) == share.argmax()) & (share.max() > 0.5), 1.0, 0.0)
    return Best(best, min(1.0, 2 * (1 - share.max())))


def _units(y: np.ndarray) -> np.ndarray:
    result: np.ndarray = y / np.maximum(np.linalg.norm(y, axis=1, keepdims=True), EPSILON)
    return result


def cosine_similarity(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The mean direction; its loss is minus the length of the mean of the unit vectors."""
    y = columns_of(targets)
    if not y.size:
        return nothing()
    mean = _units(y).mean(0)
    return Best(mean, -float(np.linalg.norm(mean)))


def cosine_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """-1 for each row that has a direction, 0 for rows of zeros."""
    y = columns_of(targets)
    return -float((np.abs(y).max(1) > 0).mean()) if y.size else np.nan
