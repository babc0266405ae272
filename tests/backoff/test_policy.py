"""The settings are checked, and snapshots get rarer."""

from __future__ import annotations

import pytest
from signal_runs import INF, NAN

from lossdoctor.backoff import Policy, snapshot_due


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
