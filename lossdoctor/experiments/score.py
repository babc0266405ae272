"""Yardstick: how good predictions are on rows, on a scale that does not depend on the loss.

Remedies change losses, and a mean squared error cannot be set against a cross-entropy. `skill` is
1 - (loss - floor) / (baseline - floor): 0 for the best constant prediction, 1 for a perfect one. Where the
targets are classes, the share of hits is put on the same scale, because a loss may fall while every answer
is the same one (softmax on one unit), and both are averaged.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from lossdoctor.losses import Loss
from lossdoctor.losses.codings import OF_CLASSES, coding_of

WORST = -1.0  # score of what is not finite, and the lowest of all


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


def hits(y: np.ndarray, predicted: np.ndarray, threshold: float, loss: Loss | None = None) -> float | None:
    """Returns the share of right answers, None where the targets are no classes or shapes do not fit.

    Args:
        y: targets [rows, ...].
        predicted: the model's outputs [rows, ...].
        threshold: from which output an answer is a yes.
        loss: the table's row of the loss, which decides whether whole numbers are classes.
    """
    coding, y, p = coding_of(y, loss), np.asarray(y), np.asarray(predicted)
    if coding not in OF_CLASSES or len(np.unique(y)) < 2:
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
