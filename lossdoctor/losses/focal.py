"""Best constant predictions and floors of the two focal losses (Lin et al. 2017, arxiv.org/abs/1708.02002).

Keras's forms, keras/src/losses/losses.py (3.15): compared with it in tests/losses/test_baselines.py.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from lossdoctor.losses.entropies import label_rows, smoothed_labels
from lossdoctor.losses.loss_row import EPSILON, Best, columns_of, nothing
from lossdoctor.losses.regression import where_zero

LOG_PRICE = np.log(1e-12), np.log(1e12)  # bracket of the multiplier in the focal loss's optimum


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
    y = smoothed_labels(columns_of(targets), config, 0.5)
    if not y.size:
        return nothing()
    if y.min() < 0 or y.max() > 1:
        return Best(np.clip(y.mean(0), 0, 1), -np.inf)
    zero = np.zeros(y.shape[1])
    best = where_zero(lambda p: _focal_terms(y, p, config)[1].mean(0), zero, zero + 1)
    return Best(best, _focal_terms(y, best, config)[0].mean())


def binary_focal_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """The mean over the entries of the smallest focal loss that each (soft) label allows."""
    y = smoothed_labels(columns_of(targets), config, 0.5)
    if not y.size:
        return np.nan
    if y.min() < 0 or y.max() > 1:
        return -np.inf
    kinds, inverse = np.unique(y.ravel(), return_inverse=True)
    best = where_zero(lambda p: _focal_terms(kinds, p, config)[1], np.zeros(len(kinds)), np.ones(len(kinds)))
    return float(_focal_terms(kinds, best, config)[0][inverse.ravel()].mean())


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
    y = label_rows(targets, config)
    if y is None or not y.any():
        return nothing()
    mean = y.mean(0)[None]
    weighted = mean * np.asarray(config.get("alpha", 0.25))
    q = _focal_shares(weighted, float(config.get("gamma", 2.0)))
    return Best(q[0], float(_focal_loss(mean, q, config)[0]))


def categorical_focal_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """The mean over the rows of the smallest focal loss that each (soft) row allows."""
    y = label_rows(targets, config)
    if y is None:
        return np.nan
    soft = y[~np.isclose(y.max(1), y.sum(1))]  # a row with one class only is fitted with loss 0
    if not len(soft):
        return 0.0
    kinds, counts = np.unique(soft.round(6), axis=0, return_counts=True)
    q = _focal_shares(kinds * np.asarray(config.get("alpha", 0.25)), float(config.get("gamma", 2.0)))
    return float((_focal_loss(kinds, q, config) * counts).sum() / len(y))
