"""Whether a row's nearest neighbours tell its target, for numbers and for words."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.neighbours import neighbours

RNG = np.random.default_rng(0)
KINDS = RNG.integers(0, 2, 200)
# Texts of twelve words out of 400 in any order; of the first hundred words a kind prefers one half.
TEXTS = np.where(
    RNG.random((200, 12)) < 0.5,
    RNG.integers(0, 50, (200, 12)) + 50 * KINDS[:, None],
    RNG.integers(100, 400, (200, 12)),
).astype("float32")


def test_numbers_near_each_other_tell():
    """Two clouds of points: nearly all rows are told; with labels of other rows none are."""
    x = RNG.normal(size=(200, 3)) + 4 * KINDS[:, None]
    assert neighbours(Sample(x, KINDS), KINDS)["score"] > 0.95
    shuffled = neighbours(Sample(x, KINDS), RNG.permutation(KINDS))
    assert shuffled["score"] == pytest.approx(shuffled["chance"], abs=3 * shuffled["error"])


def test_words_in_common_tell_where_their_numbers_do_not():
    """The number of a word is no quantity: only as words do the texts tell their kind."""
    as_words = neighbours(Sample(TEXTS, KINDS), KINDS, tokens=True)
    as_numbers = neighbours(Sample(TEXTS, KINDS), KINDS)
    assert as_words["score"] > as_words["chance"] + 4 * as_words["error"]
    assert as_numbers["score"] < as_words["score"] - 2 * as_words["error"]
    strangers = neighbours(Sample(TEXTS, KINDS), RNG.permutation(KINDS), tokens=True)
    assert strangers["score"] < strangers["chance"] + 3 * strangers["error"]
