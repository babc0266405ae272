"""Best constant predictions and floors of the cross-entropies: entropies of the labels.

All formulas average as Keras does. They were derived from keras/src/losses/losses.py (3.15) and are
compared with the real losses in tests/losses/test_baselines.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lossdoctor.losses.base import EPSILON, Best, columns_of, nothing
from lossdoctor.losses.regression import where_zero

TOLERANCE = 1e-3  # rows count as summing to 1 within this: float16 and rounded labels do
LOG_PRICE = np.log(1e-12), np.log(1e12)  # bracket of the multiplier in the focal loss's optimum


def xlogy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns x log y with 0 log 0 = 0."""
    result: np.ndarray = x * np.log(np.where(x == 0, 1.0, np.maximum(y, 1e-300)))
    return result


def _smooth(y: np.ndarray, config: Mapping[str, Any], other: float) -> np.ndarray:
    smoothing = float(config.get("label_smoothing") or 0.0)
    result: np.ndarray = y * (1 - smoothing) + smoothing * other
    return result


def _entropy_of_two(p: np.ndarray) -> np.ndarray:
    result: np.ndarray = -(xlogy(p, p) + xlogy(1 - p, 1 - p))
    return result


def binary_crossentropy(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The share of ones in each column; its loss is the entropy of that share. -inf beyond [0, 1]."""
    y = _smooth(columns_of(targets), config, 0.5)
    if not y.size:
        return nothing()
    share = y.mean(0)
    if y.min() < 0 or y.max() > 1:
        return Best(np.clip(share, 0, 1), -np.inf)
    return Best(share, _entropy_of_two(share).mean())


def binary_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """Mean entropy of the single (soft) labels. -inf beyond [0, 1]."""
    y = _smooth(columns_of(targets), config, 0.5)
    if not y.size:
        return np.nan
    if y.min() < 0 or y.max() > 1:
        return -np.inf
    return float(_entropy_of_two(y).mean())


def _focal_terms(y: np.ndarray, p: np.ndarray, config: Mapping[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    """Returns the binary focal loss of each entry and its slope in p."""
    gamma, alpha = float(config.get("gamma", 2.0)), float(config.get("alpha", 0.25))
    weight = y * alpha + (1 - y) * (1 - alpha) if config.get("apply_class_balancing") else 1.0
    p = np.clip(p, EPSILON, 1 - EPSILON)
    miss = 1 - (y * p + (1 - y) * (1 - p))
    cross = -(y * np.log(p) + (1 - y) * np.log(1 - p))
    slope = miss**gamma * ((1 - y) / (1 - p) - y / p) - gamma * miss ** (gamma - 1) * (2 * y - 1) * cross
    return weight * miss**gamma * cross, weight * slope


def binary_focal_crossentropy(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """Where the slope of the mean focal loss crosses zero (Lin et al. 2017, https://arxiv.org/abs/1708.02002)."""
    y = _smooth(columns_of(targets), config, 0.5)
    if not y.size:
        return nothing()
    if y.min() < 0 or y.max() > 1:
        return Best(np.clip(y.mean(0), 0, 1), -np.inf)
    zero = np.zeros(y.shape[1])
    best = where_zero(lambda p: _focal_terms(y, p, config)[1].mean(0), zero, zero + 1)
    return Best(best, _focal_terms(y, best, config)[0].mean())


def binary_focal_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """The mean over the entries of the smallest focal loss that each (soft) label allows."""
    y = _smooth(columns_of(targets), config, 0.5)
    if not y.size:
        return np.nan
    if y.min() < 0 or y.max() > 1:
        return -np.inf
    kinds, inverse = np.unique(y.ravel(), return_inverse=True)
    best = where_zero(lambda p: _focal_terms(kinds, p, config)[1], np.zeros(len(kinds)), np.ones(len(kinds)))
    return float(_focal_terms(kinds, best, config)[0][inverse.ravel()].mean())


def _rows(targets: np.ndarray, config: Mapping[str, Any]) -> np.ndarray | None:
    """Returns the label rows [rows, classes], None when they are not rows of numbers >= 0."""
    y = columns_of(targets)
    if not y.size or y.shape[1] < 2 or y.min() < 0:
        return None
    return _smooth(y, config, 1 / y.shape[1])


def categorical_crossentropy(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The classes' shares; its loss is their entropy."""
    y = _rows(targets, config)
    if y is None or not y.any():
        return nothing()
    mean = y.mean(0)
    share = mean / mean.sum()
    return Best(share, -xlogy(mean, share).sum())


def categorical_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """Mean entropy of the label rows."""
    y = _rows(targets, config)
    if y is None:
        return np.nan
    total = np.maximum(y.sum(1, keepdims=True), EPSILON)
    return float(-xlogy(y, y / total).sum(1).mean())


def sparse_categorical_crossentropy(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The classes' shares, counted over whole numbers 0..k-1; its loss is their entropy."""
    y = np.asarray(targets, dtype=np.float64).ravel()
    y = y[np.isfinite(y)]
    # Keras masks the ignored entries and averages over those that are left.
    y = y[y != config["ignore_class"]] if config.get("ignore_class") is not None else y
    if not y.size or y.min() < 0 or (y != np.floor(y)).any():
        return nothing()
    kinds, counts = np.unique(y, return_counts=True)
    if kinds[-1] > 1e7:  # no class number: a vector of that length would only cost memory
        return nothing()
    share = np.zeros(int(kinds[-1]) + 1)
    share[kinds.astype(int)] = counts / y.size
    return Best(share, -xlogy(share, share).sum())


def kl_divergence(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The mean row; its loss is that row's entropy less the rows' mean entropy."""
    y = _rows(targets, {})
    if y is None:
        return nothing()
    y = np.clip(y, EPSILON, 1)
    mean = y.mean(0)
    share = np.clip(mean / mean.sum(), EPSILON, 1)
    return Best(share, (y * np.log(y / share)).sum(1).mean())


def kl_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """0 for rows that sum to 1; S log S for a row that sums to S, as the outputs' rows sum to 1."""
    y = _rows(targets, {})
    if y is None:
        return np.nan
    total = np.clip(y, EPSILON, 1).sum(1)
    return float(np.where(np.abs(total - 1) < TOLERANCE, 0.0, total * np.log(total)).mean())


def _focal_shares(mean: np.ndarray, gamma: float) -> np.ndarray:
    """Returns the rows q [n, classes] that minimise -sum mean (1-q)^gamma log q with rows summing to 1.

    At the optimum each class that occurs has the same slope ("price"); q falls as the price rises, so both
    are found by halving a bracket.
    """

    def slope(q: np.ndarray) -> np.ndarray:
        q = np.clip(q, EPSILON, 1 - 1e-12)
        result: np.ndarray = (1 - q) ** gamma / q - gamma * (1 - q) ** (gamma - 1) * np.log(q)
        return result  # falls from +inf at 0 to about 0 at 1

    def shares(log_price: np.ndarray) -> np.ndarray:
        price = np.exp(log_price)
        at: Callable[[np.ndarray], np.ndarray] = lambda q: price - mean * slope(q)  # noqa: E731
        return np.where(mean > 0, where_zero(at, np.zeros_like(mean), np.ones_like(mean)), 0.0)

    low, high = (np.full((len(mean), 1), bound) for bound in LOG_PRICE)
    price = where_zero(lambda c: 1 - shares(c).sum(1, keepdims=True), low, high)
    found = shares(price)
    result: np.ndarray = found / np.maximum(found.sum(1, keepdims=True), EPSILON)
    return result


def _focal_loss(mean: np.ndarray, q: np.ndarray, config: Mapping[str, Any]) -> np.ndarray:
    gamma, alpha = float(config.get("gamma", 2.0)), config.get("alpha", 0.25)
    q = np.clip(q, EPSILON, 1 - EPSILON)
    result: np.ndarray = -(alpha * mean * (1 - q) ** gamma * np.log(q)).sum(-1)
    return result


def categorical_focal_crossentropy(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The distribution that minimises the focal loss of the classes' shares (Lin et al. 2017)."""
    y = _rows(targets, config)
    if y is None or not y.any():
        return nothing()
    mean = y.mean(0)[None]
    weighted = mean * np.asarray(config.get("alpha", 0.25))
    q = _focal_shares(weighted, float(config.get("gamma", 2.0)))
    return Best(q[0], float(_focal_loss(mean, q, config)[0]))


def categorical_focal_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """The mean over the rows of the smallest focal loss that each (soft) row allows."""
    y = _rows(targets, config)
    if y is None:
        return np.nan
    soft = y[~np.isclose(y.max(1), y.sum(1))]  # a row with one class only is fitted with loss 0
    if not len(soft):
        return 0.0
    kinds, counts = np.unique(soft.round(6), axis=0, return_counts=True)
    q = _focal_shares(kinds * np.asarray(config.get("alpha", 0.25)), float(config.get("gamma", 2.0)))
    return float((_focal_loss(kinds, q, config) * counts).sum() / len(y))
