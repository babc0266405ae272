"""Masks that belong to their pictures are told from those of other pictures, without any model."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.dense_pairs import dense_pairs


def pictures(rows: int = 64, noise: float = 0.3) -> tuple[np.ndarray, np.ndarray]:
    """Pictures [rows, 16, 16, 1] with one bright square each, and its mask."""
    rng = np.random.default_rng(0)
    mask = np.zeros((rows, 16, 16, 1))
    for row in mask:
        a, b = rng.integers(0, 10, 2)
        row[a : a + 6, b : b + 6] = 1.0
    return mask + noise * rng.normal(size=mask.shape), mask


def test_true_pairs_explain_the_mask():
    """A bright square is marked: most of the mask's variance is explained, that of other masks hardly at all."""
    found = dense_pairs(Sample(*pictures()))
    assert found["true"] > 0.6
    assert found["exchanged"] < 0.1
    assert found["true"] - found["exchanged"] > 10 * found["error"]


def test_exchanged_masks_explain_nothing():
    """Masks of other pictures are no better than the exchanged ones that they are compared with."""
    x, y = pictures()
    found = dense_pairs(Sample(x, np.roll(y, 7, axis=0)))
    assert found["true"] - found["exchanged"] < 3 * found["error"] + 0.02


def test_a_weak_relation_is_seen():
    """Noise five times as strong as the square hides it from the eye, not from the comparison."""
    found = dense_pairs(Sample(*pictures(noise=5.0)))
    assert found["true"] - found["exchanged"] > max(3 * found["error"], 0.02)


def test_nothing_is_changed_and_it_comes_out_the_same():
    x, y = pictures(32)
    before = x.copy(), y.copy()
    assert dense_pairs(Sample(x, y)) == dense_pairs(Sample(x, y))
    np.testing.assert_array_equal(x, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("shape", [(64, 8, 8, 1), (64, 3)])
def test_other_places_cannot_be_compared(shape):
    x, _ = pictures()
    with pytest.raises(ValueError, match="same places"):
        dense_pairs(Sample(x, np.zeros(shape)))


def test_few_rows_say_nothing():
    x, y = pictures(8)
    with pytest.raises(ValueError, match="8 rows are too few"):
        dense_pairs(Sample(x, y))
