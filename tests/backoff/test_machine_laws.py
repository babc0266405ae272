"""Laws of the machine that hold for any signals whatever."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from signal_runs import NAN, kinds, over, run

from lossdoctor.backoff import Policy, Signal, State, dumps, loads, restored, step

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
            state = restored(state, action.before)
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
