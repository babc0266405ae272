"""Data: summaries of inputs and targets, from a sample of at most 256 rows (`backends.sample.SAMPLE_ROWS`)."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Features:
    """Statistics of each feature (entry of the input's last axis), in the input's own units.

    Attributes:
        mean, std: of the finite entries, [features].
        low, high: smallest and largest finite entry, [features].
        nonfinite: number of NaN and infinite entries, [features].
    """

    mean: np.ndarray
    std: np.ndarray
    low: np.ndarray
    high: np.ndarray
    nonfinite: np.ndarray


@dataclass(frozen=True)
class Array:
    """One input or target array of the sample, in its own units; all numbers are over the finite entries.

    Attributes:
        name: of the input or output it belongs to.
        dtype: as numpy names it.
        shape: without the batch axis, None where an axis is open.
        rows: number of rows seen.
        mean, std, low, high: over all entries.
        nonfinite: number of NaN and infinite entries.
        integers: whether every finite entry is a whole number.
        distinct: number of different values, at most 1000 are counted.
        features: statistics by feature; None for more than 4096 features.
        outlier: largest distance of an entry from its feature's median, in robust standard deviations
            (1.4826 times the median absolute deviation).
        outlier_row, outlier_column: where that entry is, from 0.
        bad_rows, bad_columns: the first places with non-finite entries, from 0, at most ten.
        padded: of the second axis: mean share that is 0 from the last other entry to the row's end, 0 to 1.
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
    integers: bool = False
    distinct: int = 0
    features: Features | None = None
    outlier: float = 0.0
    outlier_row: int | None = None
    outlier_column: int | None = None
    bad_rows: tuple[int, ...] = ()
    bad_columns: tuple[int, ...] = ()
    padded: float = 0.0


@dataclass(frozen=True)
class Target(Array):
    """A target array and what its coding is.

    Attributes:
        coding: "integer" (class numbers 0..k-1, one column), "one-hot", "multi-hot" (0/1, several columns,
            rows do not all sum to 1), "binary" (one column of 0/1), "sign" (-1/1), "distribution" (rows >= 0
            that sum to 1), "real", "constant", "text" (strings or objects), "empty" (no finite entry),
            "unseen" (only shape and dtype are known: the run ended before its first step).
        classes: number of classes that the coding has room for; None for codings of no classes.
        counts: rows of the sample by class (its number as text), for the codings of classes.
        row_sum_low, row_sum_high: smallest and largest sum of a row.
        baselines: loss of the best constant prediction by loss name (entropy of the classes for
            cross-entropies, variance for mse, ...): where a model ends that ignores its inputs.
        floors: loss that no model can go below, by loss name (0 unless the labels are soft).
        shares: share of the finite entries, 0 to 1, that are "<-1", "<0", "=0" and ">1".
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
    """What was seen of the training and validation data. Empty tuples: not captured, see `missing`.

    Attributes:
        inputs, validation_inputs: one array an input of the model.
        targets, validation_targets: one array an output of the model.
        weighted: whether sample_weight or class_weight was passed.
        class_weights: mean weight of the rows of each class of the first target.
        missing: sentences: what could not be captured and why.
    """

    inputs: tuple[Array, ...] = ()
    targets: tuple[Target, ...] = ()
    validation_inputs: tuple[Array, ...] = ()
    validation_targets: tuple[Target, ...] = ()
    weighted: bool = False
    class_weights: dict[str, float] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
