"""The collector: a run of any length in bounded memory, told evenly from its first step to its last."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossdoctor.backends.base import SKIPPED, STEP_COLUMNS
from lossdoctor.fit.collector import EDGE, MAX_ROWS, MAX_SAMPLES, Collector

MILLION = 10**6


def rows(loss: np.ndarray, *gradients: float) -> np.ndarray:
    """Rows as `StepWatch.flush` gives them: `STEP_COLUMNS`, then a gradient norm for each variable."""
    table = np.ones((len(loss), len(STEP_COLUMNS) + len(gradients)))
    table[:, 0] = loss
    table[:, len(STEP_COLUMNS) :] = gradients
    return table


def collect(loss: np.ndarray, chunk: int = 1000, epoch: int = 10**5, looks: bool = False) -> Collector:
    """A run with these batch losses, read every `chunk` steps, with a look at two variables at each read."""
    collector = Collector()
    for start in range(0, len(loss), chunk):
        collector.add_steps(rows(loss[start : start + chunk], 3.0, 4.0), start // epoch, 0.1)
        if looks:
            collector.add_weights(chunk, np.full(2, float(start)), np.ones(2), np.ones(2))
    return collector


@pytest.fixture(scope="module")
def long() -> Collector:
    """A million steps whose loss falls from 2 to 1 in a straight line, with one spike at step 300 300."""
    loss = np.linspace(2, 1, MILLION)
    loss[300_300] = 500.0
    return collect(loss, looks=True)


def test_a_million_steps_fit_into_bounded_memory(long):
    """However long the run, the rows and looks that are kept stay below their limits."""
    assert long.steps == MILLION
    assert sum(map(len, long._rows)) <= MAX_ROWS + 1000
    series = long.series()
    assert {len(v) for k, v in series.items() if "." not in k} == {len(series["step"])}
    assert MAX_ROWS // 8 < len(series["step"]) <= MAX_ROWS
    assert MAX_SAMPLES // 4 < len(series["sampled.step"]) <= MAX_SAMPLES


def test_a_spike_survives_merging(long):
    """The largest loss of a bucket is kept, at its bucket's place."""
    series = long.series()
    assert series["batch_loss_max"].max() == 500.0
    step = series["step"][series["batch_loss_max"].argmax()]
    assert 300_300 <= step < 300_300 + 2 * MILLION / len(series["step"])


def test_both_ends_stay_as_they_were(long):
    """The first losses are those of the initial weights, and the last ones are single steps."""
    series = long.series()
    ends = [*range(EDGE), *range(MILLION - EDGE, MILLION)]
    assert series["step"][:EDGE].tolist() + series["step"][-EDGE:].tolist() == ends
    assert series["batch_loss"][0] == 2.0
    assert series["batch_loss"][-1] == 1.0


def test_the_whole_run_is_told_evenly(long):
    """No stretch of the run is lost: buckets have one width, each epoch as many rows, and rows lie on the line."""
    series = long.series()
    _, counts = np.unique(series["epoch"], return_counts=True)
    assert len(counts) == 10 and counts.max() < 1.3 * counts.min()
    straight = 2 - series["step"] / MILLION
    off = np.abs(series["batch_loss"] - straight)
    assert np.sort(off)[-2] < 3e-4  # all but the bucket of the spike, within its width


def test_looks_are_spread_evenly(long):
    """After the first looks, those kept are equally far apart; the last is the latest, until a newer one comes."""
    steps = long.series()["sampled.step"]
    assert steps[:EDGE].tolist() == [1000 * (i + 1) - 1 for i in range(EDGE)]
    assert len(set(np.diff(steps[EDGE:-1]).tolist())) == 1
    assert steps[-1] == MILLION - 1


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 40_000), st.integers(200, 3000), st.integers(0, 2**32 - 1))
def test_the_mean_and_the_largest_do_not_change_by_merging(steps, chunk, seed):
    """Weighted by the steps they stand for, the rows have the mean and the maximum of all batches."""
    loss = np.random.default_rng(seed).lognormal(0, 0.5, steps)
    series = collect(loss, chunk, epoch=chunk).series()
    assert len(series["step"]) <= MAX_ROWS
    if steps:
        weights = np.diff(series["step"], prepend=-1)
        assert (weights > 0).all() and weights.sum() == steps
        assert np.average(series["batch_loss"], weights=weights) == pytest.approx(loss.mean())
        assert series["batch_loss_max"].max() == loss.max()


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_one_bad_batch_is_never_averaged_away(bad):
    """A bucket that holds a non-finite loss is non-finite."""
    loss = np.ones(50_000)
    loss[20_000] = bad
    series = collect(loss).series()
    where = series["step"][~np.isfinite(series["batch_loss"])]
    assert len(where) == 1 and 20_000 <= where[0] < 20_032


def test_short_runs_are_kept_step_by_step():
    """Up to the limit nothing is merged."""
    loss = np.random.default_rng(0).random(MAX_ROWS)
    assert (collect(loss).series()["batch_loss"] == loss).all()


def test_norms_join_the_variables_and_skipped_steps_are_counted():
    """The global norm of 3 and 4 is 5; a step without an update counts as skipped and gets the usual norm."""
    collector = Collector()
    table = rows(np.ones(3), 3.0, 4.0)
    table[1, len(STEP_COLUMNS) :] = SKIPPED
    collector.add_steps(table, 0, None)
    assert collector.skipped == 1
    assert collector.series()["grad_norm"].tolist() == [5.0, 5.0, 5.0]
    assert np.isnan(collector.series()["learning_rate"]).all()


def test_a_run_that_begins_with_skipped_steps_has_no_gap():
    """Loss scaling may leave out the very first steps: they get the usual norm once one is known, and NaN till then."""
    collector = Collector()
    for _ in range(2):
        collector.add_steps(rows(np.ones(1), SKIPPED, SKIPPED), 0, None)
    assert np.isnan(collector.series()["grad_norm"]).all()
    collector.add_steps(rows(np.ones(2), 3.0, 4.0), 0, None)
    collector.add_steps(rows(np.ones(1), SKIPPED, SKIPPED), 0, None)
    assert collector.series()["grad_norm"].tolist() == [5.0] * 5
    assert collector.series()["grad_norm_max"].tolist() == [5.0] * 5
    collector.add_steps(rows(np.ones(1), np.inf, 4.0), 0, None)
    assert collector.series()["grad_norm"][-1] == np.inf  # a gradient that is not finite stays what it is


def test_logs_that_come_late_or_fail_to_come_are_nan():
    """Every key of the logs has one value an epoch, NaN where it was missing; what is no number is left out."""
    collector = Collector()
    for logs in ({"loss": 1.0}, {"loss": 0.5, "val_loss": 0.7, "note": "text"}, {"loss": 0.4}):
        collector.add_epoch(logs)
    series = collector.series()
    np.testing.assert_array_equal(series["epoch.loss"], [1.0, 0.5, 0.4])
    np.testing.assert_array_equal(series["epoch.val_loss"], [np.nan, 0.7, np.nan])
    assert "epoch.note" not in series


def test_nothing_collected_gives_empty_series():
    """A run that broke before its first step has series of length 0."""
    assert {len(v) for v in Collector().series().values()} == {0}
