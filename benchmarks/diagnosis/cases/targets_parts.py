"""What the cases of coding and shapes share."""

from __future__ import annotations

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.problems import change
from benchmarks.diagnosis.tables import Fit


def iris(seed: int) -> Fit:
    return tables.standard(tables.iris(seed))


def column_labels(seed: int) -> Fit:
    """Species as numbers in a column for a regression loss."""
    return change(iris(seed), y=lambda y: y[:, None].astype("float32"))


CODING = "loss-target-mismatch"
SHAPE = "output-shape-mismatch"
