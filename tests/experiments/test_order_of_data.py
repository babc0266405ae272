"""The order of the first rows: known answers on sorted, repeated and shuffled ones, and near misses."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.order_of_data import LEAST_ROWS, data_order

ROWS, BATCH = 256, 16
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 3))
SORTED = np.repeat(np.arange(4), ROWS // 4)
SHUFFLED = RNG.permutation(SORTED)
RARE = (np.arange(ROWS) % 40 == 7).astype(int)  # 2.5 % of the rows


def ordered(y, x=X, units=None, batch=BATCH):
    return data_order(Sample(x, y), batch, units)


def one_hot(classes):
    return np.eye(4)[classes]


@pytest.mark.parametrize(
    ("y", "units"),
    [
        (SORTED, 4),
        (SORTED[:, None], 4),
        (one_hot(SORTED), 4),
        (SORTED.astype("float32"), 4),
        (SORTED // 2, 1),
    ],
)
def test_sorted_rows(y, units):
    """Rows in order of their class, in any coding: batches of one class, runs far longer than by chance."""
    found = ordered(y, units=units)
    assert found["pure_batches"] == 1.0 and found["pure_by_chance"] < 1e-4
    assert found["runs"] > 40
    assert found["repeated"] == 0.0 and found["rows"] == ROWS


@pytest.mark.parametrize("y", [SHUFFLED, one_hot(SHUFFLED), RARE])
def test_shuffled_rows(y):
    """Random order, also of rare classes, has runs as long as by chance."""
    found = ordered(y, units=4)
    assert 0.7 < found["runs"] < 1.6
    assert abs(found["pure_batches"] - found["pure_by_chance"]) < 0.3


def test_rows_in_turn_are_not_sorted():
    """Classes that take turns have shorter runs than by chance."""
    found = ordered(np.arange(ROWS) % 4, units=4)
    assert found["runs"] < 1 and found["pure_batches"] == 0.0


def test_rare_classes_make_pure_batches_by_chance():
    """The share of pure batches is told beside that of a random order: 0.67 of batches of 16 lack a class of 2.5 %."""
    found = ordered(RARE, units=1)
    assert found["pure_by_chance"] == pytest.approx(0.66, abs=0.02)


def test_one_class_alone():
    """Targets of one class are in no order."""
    found = ordered(np.zeros(ROWS, int), units=4)
    assert found["runs"] == 1.0 and found["pure_batches"] == found["pure_by_chance"] == 1.0


@pytest.mark.parametrize(("times", "share"), [(16, 1.0), (2, 0.5333), (1, 0.0)])
def test_repeated_rows(times, share):
    """The share of the rows behind the first batch that came before, exactly."""
    x, y = (np.concatenate([part[: ROWS // times]] * times) for part in (X, SHUFFLED))
    assert ordered(y, x)["repeated"] == pytest.approx(share, abs=1e-3)


def test_same_inputs_with_other_targets_are_no_copies():
    """Nor are copies within one batch those of an earlier one."""
    x = np.concatenate([X[:BATCH]] * (ROWS // BATCH))
    assert ordered(RNG.normal(size=ROWS), x)["repeated"] == 0.0
    within = np.repeat(X[: ROWS // BATCH], BATCH, axis=0)
    assert ordered(np.zeros(ROWS), within)["repeated"] == 0.0


@pytest.mark.parametrize(
    "y",
    [RNG.normal(size=ROWS), RNG.normal(size=(ROWS, 2)), np.full(ROWS, np.nan), np.array(["a", "b"] * (ROWS // 2)),
     RNG.integers(0, 4, (ROWS, 5, 5)), (SORTED, SORTED), None],
)  # fmt: skip
def test_targets_that_are_no_classes(y):
    """Of quantities, texts, maps, several targets or none only copies are counted."""
    assert set(ordered(y)) == {"repeated", "rows"}


def test_trees_of_inputs():
    """Inputs by name, and a part that is None, are taken together."""
    x = {"a": np.zeros(ROWS), "b": X}
    assert ordered(SHUFFLED, x, units=4)["repeated"] == 0.0
    assert ordered(np.zeros(ROWS), {"a": np.zeros(ROWS), "b": None})["repeated"] == 1.0


@pytest.mark.parametrize(("rows", "batch"), [(LEAST_ROWS - 1, 8), (ROWS, 129)])
def test_too_few_rows(rows, batch):
    """Fewer rows than two batches tell nothing of their order."""
    with pytest.raises(ValueError, match=f"{rows} rows are too few"):
        data_order(Sample(X[:rows], SORTED[:rows]), batch)
