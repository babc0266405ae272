"""How far entries lie from the bulk of their feature, robustly: an outlier must not widen the measure."""

from __future__ import annotations

import numpy as np

MAD_TO_STD = 1.4826  # of a normal distribution (Rousseeuw and Croux 1993, doi 10.1080/01621459.1993.10476408)
IQR_TO_STD = 0.7413
FEW = 8  # a median of fewer values than these says nothing about their spread
ROUNDING = 1e-6  # a spread below this share of the mean is float32 rounding


def all_distances(columns: np.ndarray) -> np.ndarray:
    """Returns `distances` of every column; those with a clear spread are done at once."""
    with np.errstate(invalid="ignore"):
        off = np.abs(columns - np.median(columns, axis=0))
        spread = MAD_TO_STD * np.median(off, axis=0)
        plain = spread > ROUNDING * np.abs(columns).max(0, initial=0.0)  # False when the column holds NaN
    plain &= np.isfinite(columns).all(0) & (len(columns) >= FEW)
    far = np.zeros(columns.shape)
    far[:, plain] = off[:, plain] / spread[plain]
    for i in np.flatnonzero(~plain):
        far[:, i] = distances(columns[:, i])
    return far


def distances(column: np.ndarray) -> np.ndarray:
    """Returns each entry's distance from the median in robust standard deviations, [entries], 0 for NaN.

    A feature most of whose entries are one value (zero-inflated, rare flags) is judged by its other
    entries, and not at all when these are few or all alike: a rare 1 among zeros is no outlier.
    """
    finite = np.isfinite(column)
    far = np.zeros(len(column))
    values = column[finite]
    if len(values) < FEW:
        return far
    middle = np.median(values)
    usual = values == middle
    others = values if usual.mean() <= 0.5 else values[~usual]
    if len(others) < FEW or others.min() == others.max():
        return far
    center, spread = float(np.median(others)), _spread(others)
    if spread <= ROUNDING * abs(center):
        return far
    judged = finite & (column != middle) if usual.mean() > 0.5 else finite
    far[judged] = np.abs(column[judged] - center) / spread
    return far


def _spread(values: np.ndarray) -> float:
    """MAD, or where that is 0 the interquartile range, or where that is 0 the standard deviation."""
    if mad := float(np.median(np.abs(values - np.median(values)))):
        return MAD_TO_STD * mad
    low, high = np.percentile(values, (25, 75))
    return IQR_TO_STD * float(high - low) or float(values.std())
