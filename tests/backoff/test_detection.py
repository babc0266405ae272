"""What is taken for divergence and what is not: tables of losses, step by step."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from signal_runs import kinds, noisy, over, run

from lossdoctor.backoff import Policy, State

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


def test_a_run_that_lost_its_gain_goes_back_into_its_best_stretch_not_before_it():
    """A snapshot from within the nine best losses is good: without it the run would fall to one far older."""
    falls = [math.exp(-i / 30) for i in range(90)]
    _, actions = run([*falls, *[falls[-1] + 0.02 * i for i in range(100)]])
    ((_, action),) = actions
    assert "climbed" in action.text
    best = min(range(90), key=falls.__getitem__)
    assert best - 4 <= action.before <= best
