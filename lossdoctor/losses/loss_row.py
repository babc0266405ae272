"""Loss: what one Keras loss needs of targets and outputs, and its reference levels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

EPSILON = 1e-7  # keras.config.epsilon(), with which the Keras losses clip
ROW_SUM_TOLERANCE = 1e-3  # rows count as summing to 1 within this: float16 and rounded labels do

# What a loss needs of the numbers that the model puts out.
PROBABILITY = "probability"  # each entry in [0, 1], both ends in reach
SIMPLEX = "simplex"  # each row a distribution: entries in [0, 1] that sum to 1
MARGIN = "margin"  # both signs, at least out to -1 and 1
SCORE = "score"  # one score per class, any range
POSITIVE = "positive"  # above 0, because the loss takes the logarithm
REACH = "reach"  # must be able to take the targets' own values
DIRECTION = "direction"  # only the direction of the row counts

# How many output units a loss needs.
CLASSES = "classes"  # one per class, whatever the targets' columns
LIKE_TARGETS = "like-targets"  # as many as the targets have columns


class Best(NamedTuple):
    """The best constant prediction, one number per column [columns], and the loss it has."""

    constant: np.ndarray
    loss: float


Formula = Callable[[np.ndarray, Mapping[str, Any]], Best]
Floor = Callable[[np.ndarray, Mapping[str, Any]], float]


def no_floor(targets: np.ndarray, config: Mapping[str, Any]) -> float:
    """A model that knew each target would have the loss 0."""
    return 0.0


@dataclass(frozen=True)
class Loss:
    """One row of the table of losses.

    Attributes:
        name: the Keras function's name, `keras.losses.<name>`.
        title: as one says it, "binary cross-entropy".
        aliases: other names that Keras takes or users write, in any spelling.
        task: "regression", "counts", "binary", "multiclass", "distribution" or "direction".
        codings: codings of `record.Target` that it is made for.
        low, high: range of the targets; None where there is no limit.
        dtype: "float", or "integer" where the targets are class numbers.
        units: CLASSES or LIKE_TARGETS.
        needs: what it needs of the outputs (PROBABILITY, SIMPLEX, ...).
        activations: output activations that fit, the usual one first. "linear" is none at all.
        logits: those that fit with from_logits=True; empty when the loss has no such argument.
        never: activations that are never right for it without from_logits.
        wrong: what goes wrong otherwise, one or two sentences.
        change: what to change then, one sentence.
        lower: smallest value it can take on targets that fit; None when it depends on them (Poisson).
        best: formula of the best constant prediction.
        floor_of: formula of the loss that no model can go below, see `floor`.
        source: address of the documentation of these facts.
    """

    name: str
    title: str
    aliases: tuple[str, ...]
    task: str
    codings: tuple[str, ...]
    units: str
    needs: str
    activations: tuple[str, ...]
    wrong: str
    change: str
    best: Formula
    source: str
    low: float | None = None
    high: float | None = None
    dtype: str = "float"
    logits: tuple[str, ...] = ()
    never: tuple[str, ...] = ()
    lower: float | None = 0.0
    floor_of: Floor = field(default=no_floor)

    def baseline(self, targets: np.ndarray, config: Mapping[str, Any] | None = None) -> float:
        """Returns the loss of the best constant prediction: where a model ends that ignores its inputs.

        Args:
            targets: [rows, ..., columns], or [rows] for one column. Constant means one number for each
                entry of the last axis. Rows that hold NaN or inf are left out.
            config: the loss's own settings (`get_config()`): delta, label_smoothing, gamma, alpha, ...

        Returns:
            The loss, averaged as Keras averages it; NaN when the targets do not fit the loss so that there
            is no such prediction, -inf when the loss has no lower bound on them.
        """
        return float(self.best(np.asarray(targets), config or {}).loss)

    def floor(self, targets: np.ndarray, config: Mapping[str, Any] | None = None) -> float:
        """Returns the loss that no model can go below, given the labels' own entropy.

        0 for hard labels; above 0 for soft labels or label smoothing under a cross-entropy; for Poisson
        the (often negative) loss of predicting each target itself; -1 for cosine similarity.
        """
        return float(self.floor_of(np.asarray(targets), config or {}))


def columns_of(targets: np.ndarray) -> np.ndarray:
    """Returns targets as float64 [rows, columns]: the last axis is the columns, all others are rows.

    Rows that hold a NaN or inf are left out.
    """
    array = np.asarray(targets, dtype=np.float64)
    array = array.reshape(-1, 1) if array.ndim < 2 else array.reshape(-1, array.shape[-1])
    finite = np.isfinite(array)
    return array if finite.all() else array[finite.all(axis=1)]


def nothing(columns: int = 1) -> Best:
    """No constant prediction is meant for these targets."""
    return Best(np.full(columns, np.nan), np.nan)
