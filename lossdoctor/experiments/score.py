"""Yardstick: how good predictions are on rows, on a scale that does not depend on the loss.

Remedies change losses, and a mean squared error cannot be set against a cross-entropy. `skill` is
1 - (loss - floor) / (baseline - floor): 0 for the best constant prediction, 1 for a perfect one. Where the
targets are classes, the share of hits is put on the same scale, because a loss may fall while every answer
is the same one (softmax on one unit), and both are averaged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from lossdoctor.losses import loss_of

WORST = -1.0  # score of what is not finite, and the lowest of all
_CLASSES = ("integer", "one-hot", "multi-hot", "binary", "sign")


@dataclass(frozen=True)
class Score:
    """What predictions are worth.

    Attributes:
        value: -1 to 1; 0 is a constant prediction, 1 a perfect one, -1 not finite.
        loss: the loss itself, of the model that was asked.
        accuracy: share of hits 0 to 1, None where the targets are no classes.
    """

    value: float
    loss: float
    accuracy: float | None = None

    @property
    def finite(self) -> bool:
        return math.isfinite(self.loss)


def skill(loss: float, baseline: float, floor: float = 0.0) -> float:
    """Returns 1 - (loss - floor) / (baseline - floor); -1 when it has no meaning.

    Below 0 it is bent, r to r / (1 - r), so that losses far above the baseline stay apart from each other and
    above what is not finite.

    Example:
        >>> skill(0.25, 1.0), skill(1.0, 1.0), skill(float("nan"), 1.0)
        (0.75, 0.0, -1.0)
    """
    reach = baseline - floor
    if not (math.isfinite(loss) and math.isfinite(reach)) or reach <= 0:
        return WORST
    plain = 1.0 - (loss - floor) / reach
    return float(min(plain, 1.0) if plain >= 0 else plain / (1.0 - plain))


def coding_of(y: np.ndarray) -> str:
    """Returns how targets are coded, in the words of `record.Target.coding`."""
    y = np.asarray(y)
    values = np.unique(y[np.isfinite(y)] if y.dtype.kind == "f" else y)
    several = y.ndim > 1 and y.shape[-1] > 1
    if len(values) <= 1:
        return "constant"
    if set(values.tolist()) <= {0, 1}:
        return ("one-hot" if (y.sum(-1) == 1).all() else "multi-hot") if several else "binary"
    if set(values.tolist()) == {-1, 1}:
        return "sign"
    whole = bool((values == np.round(values)).all())
    classes = whole and not several and values.min() >= 0 and len(values) <= max(20, len(y) // 3)
    return "integer" if classes else "real"


def hits(y: np.ndarray, predicted: np.ndarray, threshold: float) -> float | None:
    """Returns the share of right answers, None where the targets are no classes or shapes do not fit."""
    coding, y, p = coding_of(y), np.asarray(y), np.asarray(predicted)
    if coding not in _CLASSES:
        return None
    if p.ndim and p.shape[-1] > 1:
        if coding == "one-hot" and p.shape == y.shape:
            return float((p.argmax(-1) == y.argmax(-1)).mean())
        if coding == "multi-hot" and p.shape == y.shape:
            return float(((p > threshold) == (y > 0.5)).mean())
        flat = y.reshape(p.shape[:-1]) if y.size == p[..., 0].size else None
        return None if flat is None else float((p.argmax(-1) == flat).mean())
    if p.size != y.size or coding == "integer":
        return float((np.round(p.ravel()) == y.ravel()).mean()) if p.size == y.size else None
    return float(((p.ravel() > threshold) == (y.ravel() > 0)).mean())


def majority(y: np.ndarray) -> float:
    """Returns the share of hits of the best constant answer."""
    y = np.asarray(y)
    coding = coding_of(y)
    if coding == "one-hot":
        return float(y.reshape(-1, y.shape[-1]).mean(0).max())
    if coding == "multi-hot":
        share = y.reshape(-1, y.shape[-1]).mean(0)
        return float(np.maximum(share, 1 - share).mean())
    return float(np.unique(y, return_counts=True)[1].max() / y.size) if y.size else 1.0


def baseline_of(name: str, y: Any, config: dict[str, Any], fallback: float) -> tuple[float, float]:
    """Returns (loss of the best constant prediction, loss that none can go below).

    `fallback` stands in for the first where the loss is not in the table, or the targets do not fit it.
    """
    row = loss_of(name)
    if row is None:
        return fallback, 0.0
    baseline, floor = row.baseline(np.asarray(y), config), row.floor(np.asarray(y), config)
    if not math.isfinite(floor):
        floor = 0.0
    return (baseline, floor) if math.isfinite(baseline) and baseline > floor else (fallback, floor)
