"""Summaries of arrays of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.record.robust_distance import all_distances, distances
from lossdoctor.record.summary import MAX_FEATURES, summarize_array

RNG = np.random.default_rng(3)
ODD = {
    "strings": np.array(["cat", "dog", "cat"]), "objects": np.array([1, "x", None], object),
    "ragged": [[1.0], [1.0, 2.0]], "empty": np.zeros((0, 3)), "no columns": np.zeros((3, 0)),
    "all nan": np.full((4, 2), np.nan), "dates": np.array(["2020-01-01"], "M8[D]"), "complex": np.array([1j]),
    "scalar": 3.0, "bools": np.array([True, False]), "huge ints": np.array([[2**62, -(2**62)]]),
    "float16": np.array([[1.0, 60000.0]], "float16"), "none": None,
}  # fmt: skip


@pytest.mark.parametrize("kind", ODD)
def test_odd_data_is_summed_up_without_an_error(kind):
    """Whatever comes as data, the summary says its dtype and rows and raises nothing."""
    found = summarize_array("x", ODD[kind])
    assert found.dtype
    assert np.isfinite([found.mean, found.std, found.low, found.high, found.outlier]).all()


def test_numbers_are_those_of_numpy():
    """Mean, spread, extremes and features equal numpy's over the last axis."""
    x = RNG.normal(size=(50, 7, 3)) * [1, 10, 100]
    found = summarize_array("x", x)
    assert (found.shape, found.rows, found.dtype, found.integers) == ((7, 3), 50, "float64", False)
    assert (found.mean, found.std) == (pytest.approx(x.mean()), pytest.approx(x.std()))
    assert (found.low, found.high, found.distinct) == (x.min(), x.max(), 1000)
    np.testing.assert_allclose(found.features.mean, x.mean((0, 1)))
    np.testing.assert_allclose(found.features.std, x.std((0, 1)))
    np.testing.assert_allclose(found.features.low, x.min((0, 1)))
    np.testing.assert_allclose(found.features.high, x.max((0, 1)))


def test_non_finite_entries_are_counted_and_placed_and_left_out():
    """NaN and inf do not reach the statistics; their rows and columns are named."""
    x = np.ones((6, 4)) * np.arange(6)[:, None]
    x[2, 1], x[5, 3] = np.nan, np.inf
    found = summarize_array("x", x)
    assert (found.nonfinite, found.bad_rows, found.bad_columns) == (2, (2, 5), (1, 3))
    assert found.high == 5.0
    assert found.features.nonfinite.tolist() == [0, 1, 0, 1]
    assert found.features.mean[3] == pytest.approx(2.0)
    assert found.integers


def test_wide_inputs_have_no_features():
    """Beyond 4096 features only the whole is summed up."""
    assert summarize_array("x", np.zeros((2, MAX_FEATURES + 1))).features is None
    assert summarize_array("x", np.zeros((2, MAX_FEATURES))).features is not None


def test_images_are_summed_up_by_channel():
    """Of images the last axis, the channels, is the features."""
    image = RNG.integers(0, 256, (32, 8, 8, 3)).astype("uint8")
    found = summarize_array("x", image)
    assert found.features.mean.shape == (3,)
    assert (found.low, found.high, found.dtype) == (0.0, 255.0, "uint8")
    assert found.outlier < 3


def test_large_arrays_keep_exact_extremes():
    """Thinning a large array loses no extreme and no NaN."""
    x = RNG.normal(size=(256, 64, 64, 3)).astype("float32")
    x[100, 3, 5, 1], x[7, 0, 0, 0] = 1e6, np.nan
    found = summarize_array("x", x)
    assert (found.high, found.nonfinite, found.bad_rows) == (1e6, 1, (7,))
    assert found.mean == pytest.approx(np.nanmean(x), abs=2.0)


def test_an_outlier_is_found_with_its_row_and_column():
    """One wild entry is named, however wild, and does not hide itself by widening the spread."""
    x = RNG.normal(size=(60, 3))
    x[41, 2] = 5000.0
    found = summarize_array("x", x)
    assert (found.outlier_row, found.outlier_column) == (41, 2)
    assert 3000 < found.outlier < 9000
    x[41, 2] = 1e12
    assert summarize_array("x", x).outlier > 1e11


@pytest.mark.parametrize(
    ("kind", "column"),
    [
        ("one-hot", np.eye(200)[0]),
        ("rare flag", (np.arange(300) % 40 == 0) * 1.0),
        ("constant", np.full(100, 7.0)),
        ("constant but for rounding", 65000 + RNG.normal(size=200) * 1e-3),
        ("zero-inflated", np.where(RNG.random(400) < 0.9, 0.0, RNG.exponential(size=400))),
        ("counts", RNG.poisson(0.3, 300).astype(float)),
        ("few rows", np.array([1.0, 1.1, 50.0])),
        ("normal", RNG.normal(size=500)),
        ("amounts, mostly 0", np.where(RNG.random(256) < 0.97, 0.0, RNG.normal(500, 90, 256))),
    ],
)
def test_usual_features_have_no_outlier(kind, column):
    """Rare, sparse and nearly constant features are no outliers, whatever their MAD is."""
    assert distances(column).max() < 12


def test_all_columns_at_once_are_as_one_by_one():
    """The fast path over many columns agrees with the plain definition."""
    x = np.column_stack([RNG.normal(size=99), np.eye(99)[3], np.full(99, 2.0), RNG.poisson(1, 99)])
    x[5, 0] = np.nan
    np.testing.assert_allclose(all_distances(x), np.stack([distances(c) for c in x.T], 1))


@pytest.mark.parametrize(
    ("rows", "share"),
    [([[1, 2, 0, 0], [1, 0, 0, 0]], 0.625), ([[0, 0, 1, 2]], 0.0), ([[0, 0, 0, 0]], 1.0), ([3, 0, 0], 0.0),
     ([[[1, 0], [0, 2], [0, 0]]], 1 / 3), ([[1.5, np.nan, 0.0]], 1 / 3)],
)  # fmt: skip
def test_padding_at_the_end_of_the_rows(rows, share):
    """Counted from the last entry that is not 0, over the second axis."""
    assert summarize_array("x", np.array(rows)).padded == pytest.approx(share)
