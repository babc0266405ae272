"""Numbers that stand for something missing, and those that only come often."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.experiments.missing_values import missing_values

N = 256


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize("value", [-999.0, -1.0, 0.0, 255.0, 1e20, -1e30])
def test_a_number_apart_in_one_column(value):
    """A tenth of one column of four: the number, its share, how far away it is."""
    columns = rng().normal(30, 5, size=(N, 4))
    columns[:26, 2] = value
    found = missing_values(columns.astype("float32"))
    assert found is not None and found["value"] == pytest.approx(value) and found["columns"] == [2]
    assert found["share"] == found["rows"] == pytest.approx(26 / N) and found["column_share"] == 0.25
    assert found["gap"] > 2 and not found["labels"] and found["positions"] == 1


def test_several_columns_and_targets():
    """Zeros in place of measurements in all columns; -1 among targets."""
    columns = rng().normal(30, 5, size=(N, 3))
    columns[rng().random((N, 3)) < 0.05] = 0
    found = missing_values(columns)
    assert (
        found is not None and found["column_count"] == 3 and found["share"] == pytest.approx(0.05, abs=0.02)
    )
    targets = np.abs(rng().normal(30, 5, size=N))
    targets[:40] = -1
    found = missing_values(targets)
    assert found is not None and found["value"] == -1 and found["rows"] == pytest.approx(40 / N)


def test_a_label_apart_from_the_classes():
    """255 among the classes of a mask."""
    masks = rng().integers(0, 5, size=(N, 6, 6))
    masks[:, 0] = 255
    found = missing_values(masks)
    assert found is not None and found["value"] == 255 and found["labels"] and found["rows"] == 1.0


NEAR_MISSES = {
    "normal": lambda r: r.normal(size=(N, 6)),
    "heavy tail": lambda r: r.lognormal(sigma=2, size=(N, 30)),
    "classes": lambda r: r.integers(0, 10, N),
    "yes and no": lambda r: r.integers(0, 2, N),
    "signs": lambda r: r.integers(-1, 2, N),
    "one-hot": lambda r: np.eye(5)[r.integers(0, 5, N)],
    "sparse counts": lambda r: r.poisson(0.3, (N, 10)),
    "dark background": lambda r: np.where(r.random((N, 8, 8)) < 0.6, 0, r.integers(1, 256, (N, 8, 8))),
    "mask of 0 and 255": lambda r: 255 * (r.random((N, 8, 8)) < 0.2),
    "padded sequence": lambda r: np.where(np.arange(20)[:, None] < 12, r.normal(size=(N, 20, 3)), 0),
    "padded tokens": lambda r: np.where(np.arange(20) < 12, r.integers(1, 5000, (N, 20)), 0),
    "censored": lambda r: np.minimum(r.gamma(2, 1, N), 5),
    "zero-inflated": lambda r: np.where(r.random(N) < 0.5, 0, r.gamma(2, 5, N)),
    "rectified": lambda r: np.maximum(r.normal(size=(N, 6)), 0),
    "rounded": lambda r: np.round(r.lognormal(3, 0.5, N)),
    "constant": lambda r: np.ones((N, 3)),
    "missing already": lambda r: np.full((N, 2), np.nan),
}


@pytest.mark.parametrize("name", NEAR_MISSES)
def test_near_misses(name):
    """What comes often, but has no gap to the rest."""
    assert missing_values(NEAR_MISSES[name](rng())) is None


@pytest.mark.parametrize(
    "name", ["load_iris", "load_wine", "load_breast_cancer", "load_diabetes", "load_digits"]
)
def test_real_data(name):
    """Nothing is missing there."""
    from sklearn import datasets

    data = getattr(datasets, name)()
    order = rng().permutation(len(data.data))[:N]
    assert missing_values(data.data[order]) is None and missing_values(data.target[order]) is None


def test_too_little_to_tell():
    """Few rows, or text."""
    with pytest.raises(ValueError, match="rows"):
        missing_values(np.ones(8))
    with pytest.raises(ValueError, match="numbers"):
        missing_values(np.array(["a"] * 64))
