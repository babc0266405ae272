"""Best constant predictions and floors of the cross-entropies: entropies of the labels.

All formulas average as Keras does. They were derived from keras/src/losses/losses.py (3.15) and are
compared with the real losses in tests/losses/test_baselines.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossdoctor.losses.loss_row import EPSILON, ROW_SUM_TOLERANCE, Best, columns_of, nothing


def xlogy(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Returns x log y with 0 log 0 = 0."""
    result: np.ndarray = x * np.log(np.where(x == 0, 1.0, np.maximum(y, 1e-300)))
    return result


def smoothed_labels(y: np.ndarray, config: Mapping[str, Any], other: float) -> np.ndarray:
    """Returns labels under the loss's label_smoothing, which mixes in `other` everywhere."""
    smoothing = float(config.get("label_smoothing") or 0.0)
    result: np.ndarray = y * (1 - smoothing) + smoothing * other
    return result


def _entropy_of_two(p: np.ndarray) -> np.ndarray:
    result: np.ndarray = -(xlogy(p, p) + xlogy(1 - p, 1 - p))
    return result


def binary_crossentropy(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The share of ones in each column; its loss is the entropy of that share. -inf beyond [0, 1]."""
    y = smoothed_labels(columns_of(targets), config, 0.5)
    if not y.size:
        return nothing()
    share = y.mean(0)
    if y.min() < 0 or y.max() > 1:
        return Best(np.clip(share, 0, 1), -np.inf)
    return Best(share, _entropy_of_two(share).mean())


def binary_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """Mean entropy of the single (soft) labels. -inf beyond [0, 1]."""
    y = smoothed_labels(columns_of(targets), config, 0.5)
    if not y.size:
        return np.nan
    if y.min() < 0 or y.max() > 1:
        return -np.inf
    return float(_entropy_of_two(y).mean())


def label_rows(targets: np.ndarray, config: Mapping[str, Any]) -> np.ndarray | None:
    """Returns the label rows [rows, classes], None when they are not rows of numbers >= 0."""
    y = columns_of(targets)
    if not y.size or y.shape[1] < 2 or y.min() < 0:
        return None
    return smoothed_labels(y, config, 1 / y.shape[1])


def categorical_crossentropy(targets: np.ndarray, config: Mapping[str, Any]) -> Best:
    """The classes' shares; its loss is their entropy."""
    y = label_rows(targets, config)
    if y is None or not y.any():
        return nothing()
    mean = y.mean(0)
    share = mean / mean.sum()
    return Best(share, -xlogy(mean, share).sum())


def categorical_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """Mean entropy of the label rows."""
    y = label_rows(targets, config)
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
    y = label_rows(targets, {})
    if y is None:
        return nothing()
    y = np.clip(y, EPSILON, 1)
    mean = y.mean(0)
    share = np.clip(mean / mean.sum(), EPSILON, 1)
    return Best(share, (y * np.log(y / share)).sum(1).mean())


def kl_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """0 for rows that sum to 1; S log S for a row that sums to S, as the outputs' rows sum to 1."""
    y = label_rows(targets, {})
    if y is None:
        return np.nan
    total = np.clip(y, EPSILON, 1).sum(1)
    return float(np.where(np.abs(total - 1) < ROW_SUM_TOLERANCE, 0.0, total * np.log(total)).mean())
