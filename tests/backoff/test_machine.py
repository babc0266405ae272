"""What the machine does: skips, goes back, cuts, grows, settles, stops."""

from __future__ import annotations

from dataclasses import replace

import pytest
from signal_runs import INF, NAN, kinds, run

from lossdoctor.backoff import Policy, final_action, restored


@pytest.mark.parametrize("bad", [NAN, INF, -INF])
def test_one_bad_batch_is_skipped_and_the_rate_stays(bad):
    """A single non-finite step is a bad batch: it is reported, nothing else."""
    state, actions = run([0.5] * 20 + [bad] + [0.5] * 20)
    assert kinds(actions) == [(20, "skip")]
    assert (state.skipped, state.scale, state.backoffs) == (1, 1.0, 0)


def test_bad_batches_apart_from_each_other_never_lower_the_rate():
    """A third of the batches is bad, none after the other: the data is bad and not the rate."""
    state, actions = run([0.5, 0.5, NAN] * 100)
    assert {kind for _, kind in kinds(actions)} == {"skip"}
    assert (state.skipped, state.scale) == (100, 1.0)


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
    after, action = final_action(state)
    assert action.kind == "rollback"
    assert action.before <= 20
    assert after.scale == 1.0
    assert final_action(run([1.0] * 20)[0])[1].kind == "none"


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
    """In the last fifth a rescued run goes down to a tenth of its rate in two cuts; others stay at theirs."""
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
    """A run whose length is known by epochs only may first be judged when both cuts are due: one action."""
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


def test_a_blow_up_right_after_a_rollback_blames_the_weights_gone_back_to():
    """From a snapshot other than the initial one: further back, the rate stays; from the initial one it is cut."""
    state, _ = run([1.0] * 30)
    state = restored(replace(state, since=0), 20)
    scale = state.scale
    state, actions = run([300.0] * 4, state=state)
    assert kinds(actions)[0][1] == "rollback"
    assert actions[0][1].before < 20
    assert state.scale == scale
    state, actions = run([300.0] * 4, state=restored(state, 0))
    assert kinds(actions)[0][1] == "backoff"


def test_the_rate_does_not_grow_while_units_are_dying():
    """More zero gradients than at first: the rate waits."""
    policy = Policy(factor=0.01, recover_after=10, settle=0.0)
    state, _ = run([1.0, 90.0, 300.0, 200.0], policy, dead=0.3)
    assert run([0.9] * 60, policy, state, dead=0.6)[1] == []
    assert [k for _, k in kinds(run([0.9] * 15, policy, state, dead=0.3)[1])] == ["grow"]
