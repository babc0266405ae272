"""The first and the newest snapshot always stay."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from lossdoctor.backends.retention import to_drop


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 6), st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_the_first_and_the_newest_snapshot_always_stay(capacity, gaps):
    """However many are made, at most `capacity` are held, the initial and the newest among them."""
    steps = [0]
    for gap in gaps:
        steps.append(steps[-1] + gap)
        newest = steps[-1]
        index = to_drop(steps, capacity)
        if index is not None:
            steps.pop(index)
        assert len(steps) <= capacity
        assert steps[-1] == newest
        assert steps[0] == 0 or capacity < 2
