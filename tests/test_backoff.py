"""The backoff machine: tables of signals, and laws that hold for any signals whatever."""

from __future__ import annotations

import json
import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lossdoctor.backoff import Policy, Signal, State, dumps, keep, landed, loads, step, verdict

NAN, INF = math.nan, math.inf
POLICY = Policy(recover_after=None, settle=0.0)


def run(losses, policy=POLICY, state=None, **more):
    """Returns the last state and the actions other than "none", as (step, kind) pairs with the actions."""
    state, actions = state or State(), []
    for loss in losses:
        bad = not math.isfinite(loss)
        given_ = {"norm": 1.0, "applied": not bad, "trivial": 1.0, "rate": 0.1} | more
        state, action = step(policy, state, Signal(state.step, loss, **given_))
        if action.kind != "none":
            actions.append((state.step - 1, action))
    return state, actions


def kinds(actions):
    return [(at, action.kind) for at, action in actions]


# Healthy runs


def noisy(level, spread, n, seed):
    dice = random.Random(seed)
    return [level * math.exp(dice.gauss(0.0, spread)) for _ in range(n)]


HEALTHY = {
    "falls": [math.exp(-i / 50) for i in range(400)],
    "starts slowly": [1.0] * 300 + [math.exp(-i / 50) for i in range(200)],
    "cannot be learned": noisy(1.0, 0.3, 600, 0),
    "heavy tails": noisy(0.3, 1.2, 600, 1),
    "memorised, with a hard batch now and then": [1e-6 if i % 40 else 0.8 for i in range(800)],
    "warm restarts": [0.2 + 0.4 * ((i % 100) < 12) for i in range(600)],
    "one spike": [1.0] * 30 + [300.0] + [0.9] * 300,
    "first loss far above the trivial one": [50 * math.exp(-i / 20) + 0.3 for i in range(300)],
    "a short rise at the start": [1.0, 2.0, 4.0, 6.0, 3.0, 1.0] + [0.8] * 200,
    "negative": [-math.tanh(i / 100) + 0.05 * math.sin(i) for i in range(500)],
}


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_is_left_alone(name):
    """Nothing at all happens to losses that fall, wait, scatter or jump once."""
    assert over(HEALTHY[name], Policy(), State(), 0.0, 1.0, epoch=0.05)[1] == []
    state, actions = run(HEALTHY[name], Policy(), trivial=None if name == "negative" else 1.0)
    assert actions == []
    assert state.scale == 1.0


@settings(max_examples=200, deadline=None)
@given(st.lists(st.floats(0.0, 1.25), min_size=1, max_size=300))
def test_losses_below_the_trivial_level_never_act(losses):
    """Whatever the losses do between 0 and about the trivial level within 50 steps of any best, the rate stays."""
    # 49 steps at a time: climbing back for 50 steps on end is an alarm of its own.
    state, actions = run([v for i, v in enumerate(losses) for v in ([v] if i % 49 else [0.0])], Policy())
    assert [a for _, a in actions] == []
    assert state.backoffs == 0


# Bad batches


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_one_bad_batch_is_skipped_and_the_rate_stays(bad):
    """A single non-finite step is a bad batch: it is told, nothing else."""
    state, actions = run([0.5] * 20 + [bad] + [0.5] * 20)
    assert kinds(actions) == [(20, "skip")]
    assert (state.skipped, state.scale, state.backoffs) == (1, 1.0, 0)


def test_bad_batches_apart_from_each_other_never_lower_the_rate():
    """A third of the batches is bad, none after the other: the data is bad and not the rate."""
    state, actions = run([0.5, 0.5, NAN] * 100)
    assert {kind for _, kind in kinds(actions)} == {"skip"}
    assert (state.skipped, state.scale) == (100, 1.0)


def test_a_gradient_far_beyond_all_others_is_skipped():
    """The limit for gradient norms is 100 times the largest of calm steps, after ten of them."""
    state, _ = run([0.5] * 9, norm=2.0)
    assert state.limit is None
    state, _ = run([0.5] * 11, norm=2.0)
    assert state.limit == 200.0


def test_patience_bad_steps_in_a_row_go_back_and_cut():
    """With patience=3 the third bad step in a row goes back to weights from before the first."""
    state, actions = run([0.5] * 10 + [NAN] * 3)
    assert kinds(actions) == [(10, "skip"), (11, "skip"), (12, "backoff")]
    assert actions[-1][1].before <= 9
    assert state.scale == pytest.approx(0.1)


def test_when_every_batch_is_bad_the_run_stops_with_the_reason():
    """After max_backoffs cuts the machine stops, and says that the data may be to blame."""
    policy = Policy(max_backoffs=3, patience=2)
    state, actions = run([NAN] * 40, policy)
    assert [k for _, k in kinds(actions)] == ["skip", "backoff"] * 3 + ["skip", "stop"]
    assert state.backoffs == 3
    assert "look for NaN in x and y" in state.stopped
    assert len(actions) == 8, "nothing happens after the stop"


# Divergence

DIVERGED = {
    "explodes": [1.0] * 10 + [4.0**i for i in range(1, 30)],
    "explodes at once and levels off": [1.0, 90.0, 300.0, 200.0, 210.0, 190.0, 200.0],
    "grows by 3 % a step": [1.0] * 10 + [1.03**i for i in range(300)],
    "blows up once and sits at the trivial level": [1.0] * 3 + [40.0, 9.0] + noisy(1.02, 0.02, 60, 2),
    "blows up late and sits there": [math.exp(-i / 60) for i in range(200)] + [30.0, 8.0] + [1.01] * 40,
    "climbs back over many steps": [math.exp(-i / 30) for i in range(120)]
    + [min(0.9, 0.02 + i / 150) for i in range(250)],
}


@pytest.mark.parametrize("name", DIVERGED)
def test_divergence_is_recognised(name):
    """Each way to diverge ends in a backoff to weights from before it began."""
    state, actions = run(DIVERGED[name])
    assert "backoff" in [k for _, k in kinds(actions)], kinds(actions)
    assert state.scale < 1.0


def test_the_target_lies_before_the_blow_up():
    """The run that sits quietly at the trivial level goes back to before its peak, not to the quiet part."""
    losses = [1.0 - i / 400 for i in range(100)] + [40.0, 9.0] + [1.01] * 40
    _, actions = run(losses)
    at, action = actions[0]
    assert action.kind == "backoff"
    assert at > 100
    assert action.before < 100


def test_dead_units_are_recognised_without_a_peak():
    """Nearly all gradient entries zero, more than at first, and nothing learned: the units have died."""
    state, _ = run([1.0] * 5, dead=0.3)
    state, actions = run([0.99] * 40, state=state, dead=0.99)
    assert [k for _, k in kinds(actions)][:1] == ["backoff"]
    assert "units died" in actions[0][1].text
    assert actions[0][1].before <= 5


def test_a_sparse_gradient_of_a_net_that_fits_is_fine():
    """Zeros everywhere are no fault when the loss is low, nor when they were there from the first step."""
    state, _ = run([1.0] * 5, dead=0.3)
    assert run([0.1] * 200, state=state, dead=0.99)[1] == []
    assert run([1.0] * 200, dead=0.95)[1] == []


def test_a_sudden_blow_up_is_first_put_down_to_one_batch():
    """Out of a long quiet stretch: back to good weights at the same rate; when it comes again, the rate is cut."""
    blow = [1.0] * 60 + [80.0] * 3
    state, actions = run(blow)
    assert [k for _, k in kinds(actions)] == ["rollback"]
    assert state.scale == 1.0
    state, actions = run(blow, state=state)
    assert next(k for _, k in kinds(actions)) == "backoff"


def test_a_run_that_is_blowing_up_at_its_end_goes_back():
    """Two losses far above the reference are too few to act on, but not when no step is left."""
    state, actions = run([1.0] * 20 + [60.0, 80.0])
    assert actions == []
    after, action = verdict(state)
    assert action.kind == "rollback"
    assert action.before <= 20
    assert after.scale == 1.0
    assert verdict(run([1.0] * 20)[0])[1].kind == "none"


# The rate


def test_it_grows_back_in_strides_and_stays_clear_of_what_blew_up():
    """After quiet stretches the rate doubles, and stops at a quarter of the rate that blew up."""
    policy = Policy(factor=0.01, recover_after=10, settle=0.0)
    state, _ = run([1.0, 90.0, 300.0, 200.0], policy)
    assert state.scale == 0.01
    scales = []
    for _ in range(10):
        state, _ = run([0.9] * 11, policy, state)
        scales.append(state.scale)
    assert scales == sorted(scales)
    assert scales[-1] == pytest.approx(0.25)


def test_a_rescued_run_settles_near_its_end_and_a_healthy_one_never():
    """In the last fifth a rescued run goes down to a tenth of its rate in two cuts; others keep theirs."""
    policy = Policy(recover_after=None)
    rescued, _ = run([1.0, 90.0, 300.0, 200.0] + [0.9] * 10, policy)
    assert run([0.9] * 5, policy, rescued, done=0.79)[1] == []
    first, actions = run([0.9] * 5, policy, rescued, done=0.85)
    assert [k for _, k in kinds(actions)] == ["settle"]
    assert first.scale == pytest.approx(0.1 * 0.1**0.5)
    last, actions = run([0.9] * 5, policy, first, done=0.95)
    assert [k for _, k in kinds(actions)] == ["settle"]
    assert last.scale == pytest.approx(0.01)
    assert run([0.9] * 5, policy, done=0.95)[1] == []


def test_both_cuts_come_at_once_where_only_the_last_stretch_is_seen():
    """A run whose length is known by epochs only may first be looked at when both cuts are due: one action."""
    policy = Policy(recover_after=None)
    rescued, _ = run([1.0, 90.0, 300.0, 200.0] + [0.9] * 10, policy)
    state, actions = run([0.9] * 5, policy, rescued, done=0.95)
    assert [k for _, k in kinds(actions)] == ["settle"]
    assert state.scale == pytest.approx(0.01)


def test_at_min_lr_the_next_blow_up_stops_the_run():
    """min_lr=0.05 under a rate of 0.1 allows one cut, to half; then the machine gives up and says why."""
    state, actions = run(([1.0] + [200.0] * 5) * 3, Policy(min_lr=0.05, recover_after=None))
    assert next(a.scale for _, a in actions) == pytest.approx(0.5)
    assert actions[-1][1].kind == "stop"
    assert "min_lr=0.05" in state.stopped


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


def over(losses, policy, state, start, end, **signal):
    """The same as `run`, while the share of the training that is done goes from `start` to `end`."""
    actions = []
    for i, loss in enumerate(losses):
        state, more = run([loss], policy, state, done=start + (end - start) * i / len(losses), **signal)
        actions += more
    return state, actions


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
        [1.3] * 150,  # stands above it, for a rate that is too low or a penalty that nobody told of
        [70.0 * 0.99**i for i in range(150)],  # comes down from far above
        noisy(0.9, 0.5, 150, 3),  # cannot be learned: 1.02 on average
        [0.5] * 50 + [0.65, 0.75] * 50,  # worse than before, and still better than a constant
    ],
    ids=["flat", "falls", "noise", "worse"],
)
def test_what_only_looks_like_it_is_left_alone(losses):
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


def test_weights_from_a_climb_are_not_taken_for_good_ones():
    """While most of the gain is gone there is no snapshot and no growth, even before any alarm."""
    policy = Policy(factor=0.01, recover_after=10, settle=0.0)
    state, _ = run([1.0, 90.0, 300.0, 200.0] + [0.5] * 9, policy)
    assert state.calm
    state, _ = run([0.9] * 5, policy, state)  # the median of nine follows
    state, actions = run([0.9] * 40, policy, state)
    assert not state.calm
    assert actions == []
    assert run([0.5] * 30, policy, state)[0].calm


def test_a_blow_up_right_after_a_rollback_blames_the_weights_gone_back_to():
    """From a snapshot other than the initial one: further back, the rate stays; from the initial one it is cut."""
    state, _ = run([1.0] * 30)
    state = landed(replace(state, since=0), 20)
    scale = state.scale
    state, actions = run([300.0] * 4, state=state)
    assert kinds(actions)[0][1] == "rollback"
    assert actions[0][1].before < 20
    assert state.scale == scale
    state, actions = run([300.0] * 4, state=landed(state, 0))
    assert kinds(actions)[0][1] == "backoff"


def test_the_rate_does_not_grow_while_units_are_dying():
    """More zero gradients than at first: the rate waits."""
    policy = Policy(factor=0.01, recover_after=10, settle=0.0)
    state, _ = run([1.0, 90.0, 300.0, 200.0], policy, dead=0.3)
    assert run([0.9] * 60, policy, state, dead=0.6)[1] == []
    assert [k for _, k in kinds(run([0.9] * 15, policy, state, dead=0.3)[1])] == ["grow"]


# Laws

SIGNALS = st.lists(  # in float32, as the guard writes its rows: the mean of two float64 may be too large for a number
    st.builds(
        lambda loss, norm, applied, dead, done: (loss, norm, applied, dead, done),
        st.one_of(st.none(), st.floats(width=32)),
        st.one_of(st.none(), st.just(NAN), st.floats(0.0, width=32)),
        st.booleans(),
        st.one_of(st.none(), st.floats(0.0, 1.0)),
        st.one_of(st.none(), st.floats(0.0, 1.0)),
    ),
    max_size=150,
)
POLICIES = st.builds(
    Policy,
    factor=st.floats(0.01, 0.99),
    patience=st.integers(1, 5),
    cooldown=st.integers(0, 20),
    max_backoffs=st.integers(0, 10),
    min_lr=st.floats(0.0, 1.0),
    recover_after=st.one_of(st.none(), st.integers(1, 20)),
    settle=st.floats(0.0, 0.9),
)


@settings(max_examples=300, deadline=None)
@given(POLICIES, SIGNALS, st.floats(0.001, 10.0))
def test_laws(policy, signals, rate):
    """The rate stays in [min_lr, the user's], cuts in number at most max_backoffs, and the state survives JSON."""
    state = State()
    for loss, norm, applied, dead, done in signals:
        signal = Signal(state.step, loss, norm, applied, dead, 1.0, rate, done)
        before = state
        state, action = step(policy, state, signal)
        assert state.step == before.step + 1
        assert 0.0 <= state.scale <= 1.0
        assert state.scale * rate >= min(policy.min_lr, rate) * (1 - 1e-9)
        assert action.scale == state.scale
        assert state.backoffs <= policy.max_backoffs
        if action.kind in ("none", "skip", "rollback"):
            assert state.scale == before.scale
        elif action.kind in ("backoff", "settle"):
            assert state.scale < before.scale
        elif action.kind == "grow":
            assert state.scale > before.scale
        if action.kind in ("rollback", "backoff", "stop"):
            assert 0 <= action.before <= state.step
            state = landed(state, action.before)
        assert loads(dumps(state)) == state


@settings(max_examples=50, deadline=None)
@given(POLICIES, st.lists(st.floats(0.05, 3.0), min_size=3, max_size=8), st.booleans())
def test_laws_for_runs_that_stand_still(policy, levels, blown):
    """Stretches of one loss each, from a start far above: the same laws, and no run is ended for them."""
    state, _ = run([70.0, 9e3, 3e4, 2e4] if blown else [70.0], policy)
    state, actions = over([level for level in levels for _ in range(25)], policy, state, 0.0, 1.0)
    assert state.backoffs <= policy.max_backoffs
    assert min(policy.min_lr, 0.1) * (1 - 1e-9) <= 0.1 * state.scale <= 0.1
    ended = [action.text for _, action in actions if action.kind == "stop"]
    assert not any("no progress" in text for text in ended)
    assert loads(dumps(state)) == state


@settings(max_examples=100, deadline=None)
@given(st.lists(st.floats(0.01, 0.9), min_size=1, max_size=100), st.floats(0.01, 1e4), st.integers(-6, 6))
def test_the_unit_of_the_loss_does_not_matter(losses, jump, power):
    """Losses and trivial level times a power of two give the same actions."""
    unit = 2.0**power
    losses = [*losses, *[jump] * 8]
    a = run(losses)[1]
    b = run([v * unit for v in losses], trivial=unit)[1]
    assert kinds(a) == kinds(b)


# Snapshots


@settings(max_examples=100, deadline=None)
@given(st.integers(2, 6), st.lists(st.integers(1, 50), min_size=1, max_size=60))
def test_the_first_and_the_newest_snapshot_always_stay(capacity, gaps):
    """However many are made, at most `capacity` are held, the initial and the newest among them."""
    steps = [0]
    for gap in gaps:
        steps.append(steps[-1] + gap)
        newest = steps[-1]
        index = keep.drop(steps, capacity)
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
            if keep.due(i, last, 10):
                last, made = i, made + 1
        return made

    assert count(200) == 19
    assert count(100_000) - count(10_000) < 50


# Bad settings


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


def test_the_state_is_strict_json():
    """No bare NaN in the file, and a foreign file is refused."""
    state, _ = run([1.0] * 20 + [NAN, 5.0, INF])
    json.loads(dumps(state), parse_constant=lambda name: pytest.fail(name))
    state = replace(state, progress=state.progress.after(0.7, 0.3, 0.1)[0])
    assert loads(dumps(state)) == state
    with pytest.raises(ValueError, match="LRBackoff"):
        loads('{"a": 1}')


def test_a_run_that_lost_its_gain_goes_back_into_its_best_stretch_not_before_it():
    """A snapshot from within the nine best losses is good: without it the run would fall to one far older."""
    falls = [math.exp(-i / 30) for i in range(90)]
    _, actions = run([*falls, *[falls[-1] + 0.02 * i for i in range(100)]])
    ((_, action),) = actions
    assert "climbed" in action.text
    best = min(range(90), key=falls.__getitem__)
    assert best - 4 <= action.before <= best
