"""The limit for gradient norms, and the state as JSON, also as lossdoctor 0.1.0 wrote it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from signal_runs import INF, NAN, run

from lossdoctor.backoff import dumps, loads

# Written by 0.1.0 after a bad batch at step 62, five cuts one after another, and 49 quiet steps.
SAVED = Path(__file__).parent / "lrbackoff_0_1_0.json"
OF_0_1_0 = json.dumps(json.loads(SAVED.read_text(encoding="utf-8"))["state"])


def test_a_gradient_far_beyond_all_others_is_skipped():
    """The limit for gradient norms is 100 times the largest of calm steps, after ten of them."""
    state, _ = run([0.5] * 9, norm=2.0)
    assert state.limit is None
    state, _ = run([0.5] * 11, norm=2.0)
    assert state.limit == 200.0


def test_the_state_is_strict_json():
    """No bare NaN in the file, and a foreign file is refused."""
    state, _ = run([1.0] * 20 + [NAN, 5.0, INF])
    json.loads(dumps(state), parse_constant=lambda name: pytest.fail(name))
    state = replace(state, progress=state.progress.after(0.7, 0.3, 0.1)[0])
    assert loads(dumps(state)) == state
    with pytest.raises(ValueError, match="LRBackoff"):
        loads('{"a": 1}')


def test_the_state_of_version_0_1_0_still_loads():
    """Fields that were renamed since are found under their new names, and the run goes on from there."""
    state = loads(OF_0_1_0)
    assert (state.blowups_after_cut, state.last_bad_batch, state.restored_step) == (4, 62, 120)
    assert (state.progress.start, state.progress.best_bound) == (0.7040816326530612, 0.9)
    assert (state.progress.count, state.watch.recent) == (9, (0.9,) + (0.75,) * 8)
    assert (state.scale, state.backoffs, state.step, state.watch.dead) == (
        1.0000000000000007e-08,
        5,
        228,
        0.125,
    )
    again, actions = run([0.7] * 5, state=state, done=0.76)
    assert actions == []
    assert (again.step, again.progress.count) == (233, 14)


def test_every_field_of_version_0_1_0_has_its_place():
    """Nothing of an old file is dropped: written again it holds the same values, under the names of today."""
    old, new = json.loads(OF_0_1_0), json.loads(dumps(loads(OF_0_1_0)))
    for was, now in ((old, new), (old["progress"], new["progress"]), (old["watch"], new["watch"])):
        assert [v for v in was.values() if not isinstance(v, dict)] == [
            v for v in now.values() if not isinstance(v, dict)
        ]
