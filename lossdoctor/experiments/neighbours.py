"""Do nearest neighbours predict the target? The cheapest test of whether inputs and labels belong together."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist

from lossdoctor.backends.sample import Sample

K = 5  # neighbours that vote
MAX_COLUMNS = 4096


def neighbours(sample: Sample, classes: np.ndarray | None, *, tokens: bool = False) -> dict[str, float]:
    """Returns how well the five nearest other rows predict a row's target.

    Args:
        sample: one numeric input array and one target array.
        classes: class numbers [rows], None for real targets.
        tokens: the inputs are numbers of words, [rows, places]: rows are near that share many words.

    Returns:
        "score" and "chance" (accuracies for classes, correlation and 0 for real targets), "error" (of
        their difference by chance), "rows", and for classes "unanimous" (rows whose neighbours agree)
        with "contradict", the share of these with another label. {} when it cannot be scored.
    """
    x, y = sample.x, sample.y
    if not hasattr(x, "shape") or not hasattr(y, "shape") or x.dtype.kind not in "fiub" or len(x) < 2 * K:
        return {}
    flat = np.asarray(x, np.float64).reshape(len(x), -1)
    flat = _words(flat) if tokens else flat
    if flat.shape[1] > MAX_COLUMNS or not np.isfinite(flat).all():
        return {}
    spread = flat.std(0)
    flat = (flat - flat.mean(0))[:, spread > 0] / spread[spread > 0]
    distance = cdist(flat, flat)
    np.fill_diagonal(distance, np.inf)
    distance[distance == 0] = np.inf  # copies of the row itself would tell its label
    nearest = np.argsort(distance, axis=1)[:, :K]
    return _vote(classes, nearest) if classes is not None else _mean(y, nearest)


def _words(numbers: np.ndarray) -> np.ndarray:
    """Returns how often each row holds each word, [rows, words seen]."""
    words, places = np.unique(numbers, return_inverse=True)
    counts = np.zeros((len(numbers), len(words)))
    np.add.at(counts, (np.arange(len(numbers))[:, None], places.reshape(numbers.shape)), 1.0)
    return counts


def _vote(classes: np.ndarray, nearest: np.ndarray) -> dict[str, float]:
    if len(classes) != len(nearest):
        return {}
    votes = classes[nearest]
    names, counts = np.unique(classes, return_counts=True)
    tally = np.stack([(votes == n).sum(1) for n in names], axis=1)
    winner, agreed = names[tally.argmax(1)], tally.max(1) == K
    chance = float(counts.max() / counts.sum())
    wrong = (winner != classes) & agreed
    return {
        "score": float((winner == classes).mean()),
        "chance": chance,
        "error": float(np.sqrt(chance * (1 - chance) / len(classes))),
        "rows": float(len(classes)),
        "unanimous": float(agreed.sum()),
        "contradict": float(wrong.sum() / max(agreed.sum(), 1)),
    }


def _mean(y: Any, nearest: np.ndarray) -> dict[str, float]:
    values = np.asarray(y, np.float64).reshape(len(y), -1)[:, 0] if y.dtype.kind in "fiub" else np.zeros(0)
    if len(values) != len(nearest) or not np.isfinite(values).all() or np.ptp(values) == 0:
        return {}
    guess = values[nearest].mean(1)
    score = float(np.corrcoef(guess, values)[0, 1]) if np.ptp(guess) else 0.0
    return {
        "score": score,
        "chance": 0.0,
        "error": float(1 / np.sqrt(len(values))),
        "rows": float(len(values)),
    }
