"""Data: summaries of the inputs and targets that the probes saw, from a sample of at most 256 rows."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Features:
    """Per-feature statistics, each of shape [features] (the last axis of the input).

    `mean`, `std`, `low` and `high` leave non-finite entries out; `nonfinite` counts those.
    """

    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray
    nonfinite: np.ndarray


@dataclass(frozen=True)
class Array:
    """One input or target array. `shape` leaves the batch axis out; numbers are over the finite entries.

    `outlier` is the largest distance from a feature's median in units of its robust spread
    (1.4826 x MAD), with its row and column; `bad_rows`/`bad_columns` hold the first non-finite places.
    """

    name: str
    dtype: str
    shape: tuple[int | None, ...]
    rows: int
    mean: float = 0.0
    std: float = 0.0
    low: float = 0.0
    high: float = 0.0
    nonfinite: int = 0
    integers: bool = False  # every finite entry is a whole number
    distinct: int = 0  # number of different values, at most 1000 are counted
    features: Features | None = None
    outlier: float = 0.0
    outlier_row: int | None = None
    outlier_column: int | None = None
    bad_rows: tuple[int, ...] = ()
    bad_columns: tuple[int, ...] = ()
    padded: float = 0.0  # of the second axis: mean share that is 0 from the last other entry to the row's end


@dataclass(frozen=True)
class Target(Array):
    """A target array and what its coding is.

    `coding` is one of: "integer" (class numbers 0..k-1, one column), "one-hot", "multi-hot" (0/1, several
    columns, rows do not all sum to 1), "binary" (one column of 0/1), "sign" (-1/1), "distribution"
    (rows >= 0 that sum to 1), "real", "constant", "text" (strings or objects), "empty" (no finite entry),
    "unseen" (only shape and dtype are known: the run ended before its first step).
    `counts` maps a class (its number as text) to its rows in the sample, for the class codings.
    `baselines` maps a loss name to the loss of the best constant prediction (entropy of the classes for
    cross-entropies, variance for mse, ...), the level at which a model that ignores its inputs ends.
    `floors` maps a loss name to the loss that no model can go below (0 unless the labels are soft).
    `shares` maps "<-1", "<0", "=0" and ">1" to the share of the finite entries for which it holds.
    """

    coding: str = "real"
    classes: int | None = None
    counts: dict[str, int] = field(default_factory=dict)
    row_sum_low: float = 0.0
    row_sum_high: float = 0.0
    baselines: dict[str, float] = field(default_factory=dict)
    floors: dict[str, float] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)


@dataclass(frozen=True)
class Data:
    """What was seen of the training and validation data. Empty tuples: not captured, see `missing`."""

    inputs: tuple[Array, ...] = ()
    targets: tuple[Target, ...] = ()
    validation_inputs: tuple[Array, ...] = ()
    validation_targets: tuple[Target, ...] = ()
    weighted: bool = False  # sample_weight or class_weight was passed
    class_weights: dict[str, float] = field(default_factory=dict)  # mean weight by class of the first target
    missing: tuple[str, ...] = ()  # sentences: what could not be captured and why
