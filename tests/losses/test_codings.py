"""What targets are, by themselves and under an output of so many units."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.losses import loss_of
from lossdoctor.losses.codings import class_numbers, coding_of


@pytest.mark.parametrize(
    ("y", "coding"),
    [
        ([0, 1, 1, 0], "binary"),
        ([[0, 1], [1, 0]], "one-hot"),
        ([[1, 1, 0], [1, 0, 0]], "multi-hot"),
        ([-1, 1, 1], "sign"),
        ([0, 1, 2, 2], "integer"),
        ([0.5, 1.2, 3.0], "real"),
        (list(range(18, 118)), "real"),
        ([3, 3, 3], "constant"),
        ([np.nan], "empty"),
    ],
)
def test_codings_of_targets(y: list, coding: str) -> None:
    """Classes and amounts are set apart by their numbers alone."""
    assert coding_of(np.array(y)) == coding


def test_the_loss_decides_what_whole_numbers_are() -> None:
    """A sparse cross-entropy makes classes of any whole numbers from 0 up."""
    loss = loss_of("sparse_categorical_crossentropy")
    assert coding_of(np.array([700, 12, 3]), loss) == "integer"
    assert coding_of(np.array([1, 1]), loss) == "binary"


@pytest.mark.parametrize(
    ("y", "units", "classes"),
    [
        ([[0], [9]], 10, [0, 9]),
        ([[0], [9]], 1, None),
        ([[-1], [1]], 1, [-1, 1]),
        ([[-1], [1]], 2, None),
        ([[0.5], [1]], 2, None),
        (np.eye(3)[[2, 0]], 3, [2, 0]),
        (np.eye(3)[[2, 0]], 4, None),
        (np.ones((2, 3)), 3, None),
    ],
)
def test_class_numbers_under_an_output(y: list, units: int, classes: list | None) -> None:
    """The number of units decides whether whole numbers are classes."""
    found = class_numbers(np.array(y, np.float64), units)
    assert (None if found is None else found.tolist()) == classes
