"""The settings are checked, and snapshots get rarer without losing the first and the newest."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_runs import INF, NAN

from lossdoctor.backoff import Policy, snapshot_due, snapshot_to_drop


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 6), st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_the_first_and_the_newest_snapshot_always_stay(capacity, gaps):
    """However many are made, at most `capacity` are held, the initial and the newest among them."""
    steps = [0]
    for gap in gaps:
        steps.append(steps[-1] + gap)
        newest = steps[-1]
        index = snapshot_to_drop(steps, capacity)
        if index is not None:
            steps.pop(index)
        assert len(steps) <= capacity
        assert steps[-1] == newest
        assert steps[0] == 0 or capacity < 2


def test_snapshots_get_rarer():
    """Their number grows like the logarithm of the steps: a rollback costs a share of the run, not a constant."""

    def count(steps):
        last = made = 0
        for i in range(steps):
            if snapshot_due(i, last, 10):
                last, made = i, made + 1
        return made

    assert count(200) == 19
    assert count(100_000) - count(10_000) < 50


@pytest.mark.parametrize(
    ("setting", "value", "pass_"),
    [
        ("factor", 0.0, "between 0 and 1"),
        ("factor", 1.0, "between 0 and 1"),
        ("factor", -0.5, "between 0 and 1"),
        ("factor", NAN, "between 0 and 1"),
        ("factor", "0.1", "between 0 and 1"),
        ("patience", 0, "1 or more"),
        ("patience", -1, "1 or more"),
        ("patience", 2.5, "1 or more"),
        ("cooldown", -1, "0 or more"),
        ("max_backoffs", -1, "0 or more"),
        ("max_backoffs", True, "0 or more"),
        ("min_lr", -1e-6, "0 or more"),
        ("min_lr", INF, "0 or more"),
        ("recover_after", 0, "None never raises"),
        ("settle", 1.0, "between 0"),
    ],
)
def test_bad_settings_are_refused_with_what_to_pass(setting, value, pass_):
    """ValueError names the argument and the value, and says what to pass."""
    with pytest.raises(ValueError, match=pass_) as caught:
        Policy(**{setting: value})
    assert f"{setting}={value!r}" in str(caught.value)
