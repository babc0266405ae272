"""Where short trainings stop holding, found from a predicted limit."""

from __future__ import annotations

import pytest

pytest.importorskip("keras")

from lossdoctor.experiments.boundary import CLOSE, OutOfTime, boundary
from lossdoctor.experiments.clock import Clock


def found(predicted: float, true: float, seconds: float = 9.0) -> tuple[float, bool]:
    return boundary(predicted, lambda rate: rate < true, Clock(seconds, now=iter(range(1000)).__next__))


@pytest.mark.parametrize("true", [1 / 1.4, 1.0, 1.4])
def test_a_prediction_that_short_runs_agree_with_stays(true: float) -> None:
    """Within a factor of CLOSE the curvature is the better number: it does not depend on the length of a run."""
    assert CLOSE == 1.5
    assert found(1.0, true, 1e3) == (1.0, True)


@pytest.mark.parametrize("true", [1e-3, 0.02, 0.3, 4.0, 50.0, 1e3])
def test_a_wrong_prediction_gives_way_to_what_held(true: float) -> None:
    """Upwards and downwards the boundary is met within the root of 2."""
    limit, tried = found(1.0, true, 1e3)
    assert tried
    assert 1 / 1.5 < limit / true < 1.5


def test_without_time_the_rate_reached_is_given() -> None:
    """Not found is said, and what held so far is no guess."""
    limit, tried = found(1.0, 1e9, 2.0)
    assert not tried
    assert 1.0 < limit < 10.0


def test_a_run_that_takes_too_long_leaves_the_prediction() -> None:
    """The clock runs out in the middle of the first test: what the curvature says stands, as not tried."""

    def slow(rate: float) -> bool:
        raise OutOfTime

    assert boundary(1.0, slow, Clock(9.0)) == (1.0, False)


def test_no_rate_is_looked_for_for_ever() -> None:
    """Where everything holds, as under a loss that is constant, the search ends."""
    limit, tried = boundary(1.0, lambda rate: True, Clock(1e9))
    assert not tried
    assert limit == pytest.approx(1.5 * 2**12)
