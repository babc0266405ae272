"""Norms of large gradients, left out in some steps when they would take too much of them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lossdoctor import LossDoctor
from lossdoctor.backends.tensorflow import norms
from lossdoctor.backends.tensorflow.norms import MOST, SKIPPED, Norms
from lossdoctor.fit.monitor import SETTLED

STEPS, ROWS, WIDTH = 60, 4, 300  # WIDTH * WIDTH entries are large


def of(every: int, thin: set[str]) -> Norms:
    """Returns Norms of a model with the variables "large" and "small", as after `adapt`."""
    measured = Norms(keras.Sequential(), step=lambda: None)
    measured.paths, measured.every, measured._large = ["large", "small"], every, thin
    return measured


def expected(halves: list[list[float]], every: int) -> list[list[float]]:
    """Returns what `read` is to give for a large and a small variable, step by step."""
    result, last = [], None
    for step, (large, small) in enumerate(halves):
        row = [SKIPPED if h == SKIPPED else float(np.sqrt(2 * h)) for h in (large, small)]
        skipped = row == [SKIPPED, SKIPPED]
        if step % every == 0 and not skipped and np.isfinite(row).all():
            last = row[0]
        elif last is not None and not skipped and np.isfinite(row[0]):
            row[0] = last
        result.append(row)
    return result


HALF = st.one_of(st.floats(0, 1e6), st.just(np.inf))
ROW = st.one_of(st.just([SKIPPED, SKIPPED]), st.lists(HALF, min_size=2, max_size=2))


@given(st.lists(ROW, max_size=30), st.integers(1, MOST), st.integers(0, 30))
def test_the_last_whole_norm_stands_in(rows, every, cut):
    """However the steps are spread over two reads; what is not finite is never covered up."""
    halves = [[2.0, 2.0], *rows]
    measured = of(every, {"large"})
    cut = min(cut, len(halves))
    parts = [
        measured.finished(np.array(halves[:cut]).reshape(-1, 2), 0),
        measured.finished(np.array(halves[cut:]).reshape(-1, 2), cut),
    ]
    np.testing.assert_allclose(np.concatenate(parts), expected(halves, every))


def test_small_gradients_are_never_left_out():
    halves = np.abs(np.random.default_rng(0).normal(size=(20, 2)))
    np.testing.assert_allclose(of(4, set()).finished(halves, 0), np.sqrt(2 * halves))


def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    layers = [keras.layers.Dense(WIDTH, activation="relu"), keras.layers.Dense(WIDTH), keras.layers.Dense(1)]
    model = keras.Sequential([keras.Input((5,)), *layers])
    model.compile(keras.optimizers.SGD(0.01), "mse")
    return model


def fitted(callbacks: list[keras.callbacks.Callback], *, bad: int | None = None) -> keras.Model:
    x = np.random.default_rng(1).normal(size=(STEPS * ROWS, 5)).astype("float32")
    if bad is not None:
        x[bad * ROWS] = np.nan
    model = network()
    model.fit(x, x.sum(1), batch_size=ROWS, shuffle=False, verbose=0, callbacks=callbacks)
    return model


def watched(**options: int) -> tuple[np.ndarray, Norms, keras.Model]:
    """Returns the recorded gradient norms, what measured them, and the model."""
    doctor = LossDoctor(verbose=0, trial_seconds=0)
    model = fitted([doctor], **options)
    return doctor.report.record.series["grad_norm"], doctor._monitor.steps.probe.norms, model


@pytest.mark.parametrize(("seconds", "every"), [(10.0, MOST), (0.0, 1)])
def test_as_many_steps_are_left_out_as_the_budget_asks(monkeypatch, seconds, every):
    """Each whole step has the norm that it has when all are measured; the weights are the usual ones."""
    monkeypatch.setattr(norms, "_seconds", lambda variables: 0.0)
    exact, _, _ = watched()
    monkeypatch.setattr(norms, "_seconds", lambda variables: seconds)
    seen, measured, model = watched()
    assert measured.every == every
    assert len(seen) == len(exact) == STEPS
    np.testing.assert_array_equal(seen[::every], exact[::every])
    left_out = np.flatnonzero(seen != exact)
    assert (len(left_out) > STEPS / 4) == (every > 1)
    if every > 1:
        assert left_out.min() >= SETTLED
    for mine, usual in zip(model.get_weights(), fitted([]).get_weights(), strict=True):
        np.testing.assert_array_equal(mine, usual)


def test_what_is_not_finite_is_seen_in_a_step_that_is_left_out(monkeypatch):
    monkeypatch.setattr(norms, "_seconds", lambda variables: 10.0)
    bad = STEPS - 5
    assert bad % MOST
    seen, measured, _ = watched(bad=bad)
    assert measured.every == MOST
    assert np.isfinite(seen[:bad]).all()
    assert not np.isfinite(seen[bad])


def test_a_fault_in_adapting_costs_only_that(monkeypatch):
    """It is said once, all is measured in every step, and the weights are the usual ones."""

    def broken(variables):
        raise RuntimeError("injected")

    monkeypatch.setattr(norms, "_seconds", broken)
    with pytest.warns(UserWarning, match="injected") as said:
        seen, measured, model = watched()
    assert len([w for w in said if "injected" in str(w.message)]) == 1
    assert measured.every == 1
    assert len(seen) == STEPS
    for mine, usual in zip(model.get_weights(), fitted([]).get_weights(), strict=True):
        np.testing.assert_array_equal(mine, usual)


def test_under_xla_all_is_measured(monkeypatch):
    """XLA compiles no slice whose size it does not know."""
    monkeypatch.setattr(norms, "_seconds", lambda variables: 10.0)
    doctor = LossDoctor(verbose=0, trial_seconds=0)
    model = network()
    model.compile(keras.optimizers.SGD(0.01), "mse", jit_compile=True)
    x = np.random.default_rng(1).normal(size=(STEPS, 5))
    model.fit(x, x.sum(1), batch_size=1, verbose=0, callbacks=[doctor])
    assert doctor._monitor.steps.probe.norms.every == 1
    assert doctor._monitor.steps.failures == []
    assert len(np.unique(doctor.report.record.series["grad_norm"])) > STEPS / 2
