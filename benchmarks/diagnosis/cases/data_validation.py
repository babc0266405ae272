"""Validation rows that were prepared differently from the training rows."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.cases.bad_data_parts import (
    ACCURATE,
    MANY,
    dense,
    wine,
)
from benchmarks.diagnosis.kit import every, last, pair
from benchmarks.diagnosis.tables import Fit


def _sorted_rows(seed: int, *, by_class: bool) -> Fit:
    """All rows handed over with validation_split; from the file they come class by class."""
    fit = tables.digits(seed, share=1.0)
    order = np.argsort(fit["y"], kind="stable") if by_class else np.arange(len(fit["y"]))
    return {"x": fit["x"][order], "y": fit["y"][order], "validation_split": 0.25}


def _unlike(seed: int, how: str) -> Fit:
    """Validation rows prepared in another way than the training rows."""
    if how == "not scaled":
        fit = wine(seed)
        return {**fit, "validation_data": tables.wine(seed)["validation_data"]}
    fit = tables.digits(seed)
    xv, yv = fit["validation_data"]
    changed = {
        "255": (xv * 255.0, yv),
        "transposed": (xv.reshape(-1, 8, 8).transpose(0, 2, 1).reshape(-1, 64), yv),
        "labels": (xv, (yv + 1) % 10),
        "negative": (1.0 - xv, yv),
    }
    return {**fit, "validation_data": changed[how]}


CASES = (
    pair(
        "data-sorted-validation-split",
        "Rows sorted by class and validation_split=0.25: validation classes never trained.",
        "inconsistent-preprocessing class-imbalance misaligned-labels",
        ACCURATE,
        (partial(_sorted_rows, by_class=True), partial(_sorted_rows, by_class=False)),
        partial(dense, features=64, units=10),
        MANY,
    ),
    pair(
        "data-validation-not-scaled",
        "The training rows were standardised, the validation rows were not.",
        "inconsistent-preprocessing",
        every(ACCURATE, last("val_loss", below=0.5)),
        (partial(_unlike, how="not scaled"), wine),
        partial(dense, features=13, units=3),
        {"epochs": 25, "batch_size": 16},
    ),
    pair(
        "data-validation-in-255",
        "Training pixels divided by 255, validation pixels not.",
        "inconsistent-preprocessing overfitting",
        every(ACCURATE, last("val_loss", below=0.5)),
        (partial(_unlike, how="255"), tables.digits),
        partial(dense, features=64, units=10),
        MANY,
    ),
    pair(
        "data-validation-inverted",
        "Black on white in training, white on black in validation.",
        "inconsistent-preprocessing",
        ACCURATE,
        (partial(_unlike, how="negative"), tables.digits),
        partial(dense, features=64, units=10),
        MANY,
    ),
    pair(
        "data-validation-other-encoder",
        "The labels of the validation rows come from a second LabelEncoder.",
        "inconsistent-preprocessing misaligned-labels",
        ACCURATE,
        (partial(_unlike, how="labels"), tables.digits),
        partial(dense, features=64, units=10),
        MANY,
    ),
)
