"""Tenths of the training: runs too hot to learn that do not blow up."""

from __future__ import annotations

from dataclasses import replace

import pytest
from signal_runs import POLICY, kinds, noisy, over, run

from lossdoctor.backoff import Policy


def rough(n):
    """Losses with a median of 0.8, below the trivial level of 1, that scatter from 0.4 to 1.2."""
    return [0.4, 1.0, 0.7, 1.2, 0.5, 0.9, 0.6, 1.1, 0.8] * (n // 9)


def test_a_rescued_run_that_sits_above_its_own_best_is_cut_whatever_the_scatter():
    """Single losses scatter by more than the climb, but their level stays up: only a run that blew up is cut."""
    blown, _ = run([1.0, 90.0, 300.0, 200.0], POLICY)
    best = [0.1] * 20
    _, actions = run(best + rough(120), state=blown)
    assert kinds(actions)[0][1] == "backoff"
    assert "climbed" in actions[0][1].text
    assert run(best + rough(120))[1] == []


def test_a_rescued_run_that_learns_nothing_starts_again_at_a_lower_rate():
    """Two tenths of the training at one level, most still to learn: back, a cut, and no growth after it."""
    policy = Policy(settle=0.0)
    rescued, _ = run([1.0, 90.0, 300.0, 200.0], policy)
    state, actions = over([0.8] * 100, replace(policy, recover_after=None), rescued, 0.1, 0.4)
    assert [k for _, k in kinds(actions)] == ["backoff"]
    assert "no progress" in actions[0][1].text
    milder = pytest.approx(0.1 * 0.1**0.7)  # what only stands still is nearer to a good rate
    assert state.scale == milder
    assert run([0.9 * 0.99**i for i in range(60)], policy, state)[0].scale == milder


@pytest.mark.parametrize(
    ("policy", "kind"),
    [
        (Policy(settle=0.0, recover_after=None, max_backoffs=1), "settle"),  # the one cut was made already
        (Policy(settle=0.0, recover_after=None, min_lr=0.05), None),  # half of 0.1 is the least
    ],
)
def test_standing_still_never_ends_a_run(policy, kind):
    """What is left of the cuts is for blow-ups; without any the run goes on as it is."""
    rescued, actions = run([1.0, 90.0, 300.0, 200.0], policy)
    assert [k for _, k in kinds(actions)] == ["backoff"]
    state, actions = over([0.8] * 100, policy, rescued, 0.1, 0.4)
    assert {k for _, k in kinds(actions)} == ({kind} if kind else set())
    assert state.stopped is None


def test_late_in_the_training_it_goes_on_from_where_it_is_at_a_lower_rate():
    """A new start would not pay any more."""
    rescued, _ = run([1.0, 90.0, 300.0, 200.0], POLICY)
    state, actions = over([0.8] * 100, POLICY, rescued, 0.5, 0.75)
    assert [k for _, k in kinds(actions)] == ["settle"]
    assert state.scale == pytest.approx(0.1 * 0.1**0.5)


@pytest.mark.parametrize(
    ("losses", "blown"),
    [
        ([0.8 * 0.99**i for i in range(100)], True),  # it learns
        ([0.3] * 100, True),  # most is learned already
        ([0.8] * 100, False),  # it never blew up
    ],
)
def test_a_run_that_stands_still_is_left_alone_unless(losses, blown):
    """... it was rescued, and makes no progress, and most is still to learn."""
    state, _ = run([1.0, 90.0, 300.0, 200.0] if blown else [1.0], POLICY)
    assert over(losses, POLICY, state, 0.1, 0.4)[1] == []


WANDERS = [1.3, 0.9, 2.6, 1.6, 1.2, 2.4, 1.4, 1.8, 2.2] * 11  # around 1.7, once it was at 1.2


def test_a_run_that_gets_worse_than_a_constant_answer_is_too_hot_though_it_never_blew_up():
    """Its first loss is so high that nothing after it is a blow-up: the second tenth is worse than the first."""
    policy = Policy(recover_after=None, settle=0.0)
    state, _ = run([70.0], policy)
    state, actions = over([1.2, 1.0, 1.4] * 16 + WANDERS, policy, state, 0.0, 0.4)
    assert next(k for _, k in kinds(actions)) == "backoff"
    assert "the mean loss went from 1.2 " in actions[0][1].text


JUMPS = [0.7, 0.6, 0.8, 6.0] * 50  # mostly below a constant prediction, and far above on average


def test_a_run_that_jumps_about_is_too_hot_though_it_never_got_worse():
    """Between the jumps it knows more than a constant, so it is no rate that is too low; all tenths are alike."""
    policy = Policy(recover_after=None, settle=0.0)
    _, actions = over(JUMPS, policy, run([70.0])[0], 0.0, 0.45)
    assert kinds(actions)[0][1] == "backoff"


def test_jumps_of_targets_in_order_are_left_alone():
    """Where each batch has a spread of its own (a time series as it comes), that of a batch is no sure measure."""
    policy, actions = Policy(recover_after=None, settle=0.0), []
    state, _ = run([70.0])
    for i, loss in enumerate(JUMPS):
        state, more = run([loss], policy, state, done=0.45 * i / len(JUMPS), trivial=1.0 + 0.1 * (i % 3))
        actions += more
    assert actions == []


@pytest.mark.parametrize(
    "losses",
    [
        [1.3] * 150,  # stands above it, for a rate that is too low or a penalty that nobody mentioned
        [70.0 * 0.99**i for i in range(150)],  # comes down from far above
        noisy(0.9, 0.5, 150, 3),  # cannot be learned: 1.02 on average
        [0.5] * 50 + [0.65, 0.75] * 50,  # worse than before, and still better than a constant
    ],
    ids=["flat", "falls", "noise", "worse"],
)
def test_what_only_resembles_it_is_left_alone(losses):
    """Without both signs nothing is done."""
    policy = Policy(recover_after=None, settle=0.0)
    state, _ = run([70.0], policy)
    assert over(losses, policy, state, 0.0, 0.45)[1] == []


# A good part of the gain goes, never half for long.
CLIMBS = [0.3, 0.2, 0.25] * 20 + [0.5, 0.7, 0.4, 0.8] * 15


def test_a_run_that_loses_a_good_part_of_its_gain_is_too_hot():
    """Early on it goes back into its best stretch; late it goes on from where it is."""
    state, actions = over(CLIMBS, POLICY, run([1.0])[0], 0.1, 0.45, epoch=0.05)
    ((at, action),) = actions
    assert action.kind == "backoff" and 60 < at < 121 and action.before <= 61
    assert "the mean loss went from 0.25" in action.text
    assert state.scale == pytest.approx(0.1**0.7)
    late, actions = over(CLIMBS, POLICY, run([1.0])[0], 0.7, 0.95, epoch=0.05)
    assert [k for _, k in kinds(actions)] == ["settle"]
    assert late.scale == pytest.approx(0.1**0.5)


@pytest.mark.parametrize(
    ("losses", "signal"),
    [
        (CLIMBS, {"epoch": 0.2}),  # five epochs: a tenth of them may hold the harder half of the data
        (CLIMBS, {"epoch": None}),
        (CLIMBS, {"epoch": 0.05, "rate": None}),
        ([0.3, 0.2, 0.25] * 20 + [0.4, 0.5, 0.45] * 20, {"epoch": 0.05}),  # a quarter of the gain
        ([0.02] * 60 + [0.3, 0.0, 0.1, 0.9, 0.0, 0.2] * 10, {"epoch": 0.05}),  # some hard batches
    ],
    ids=["few epochs", "length unknown", "rate unknown", "a little", "scatter"],
)
def test_a_climb_that_may_have_another_reason_is_left_alone(losses, signal):
    """Near misses of the rule above."""
    assert over(losses, POLICY, run([1.0])[0], 0.1, 0.45, **signal)[1] == []


def test_a_climb_under_a_rate_that_the_user_raised_is_left_alone():
    """Warm restarts and cyclical rates are meant to do that."""
    state, none = over(CLIMBS[:50], POLICY, run([1.0])[0], 0.1, 0.25, epoch=0.05, rate=0.01)
    state, more = over(CLIMBS[50:], POLICY, state, 0.25, 0.45, epoch=0.05, rate=0.1)  # in the best stretch
    assert none + more == []
