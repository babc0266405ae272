"""The limit for gradient norms, and the state as JSON, also as lossdoctor 0.1.0 wrote it."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from signal_runs import INF, NAN, run

from lossdoctor.backoff import dumps, loads

# Written by 0.1.0 after a bad batch at step 62, five cuts one after another, and 49 quiet steps.
OF_0_1_0 = """
{"scale": 1.0000000000000007e-08, "ceiling": 1.0000000000000004e-05, "proven": null, "backoffs": 5,
 "rollbacks": 6, "skipped": 1, "grown": 0, "streak": 0, "quiet": 49, "since": 49, "deeper": 4, "good": 227,
 "norm": 1.0, "strike": 62, "settled": 0, "stopped": null, "step": 228, "target": 120,
 "progress": {"began": 0.7040816326530612, "count": 9, "mean": 0.7666666666666667,
  "spread": 0.030482804232804236, "rate": 0.1, "best": 0.9, "most": 0.9, "best_rate": 0.1},
 "watch": {"first": 1.0, "share": 1.0, "trivial": 1.0, "counted": 227, "early": null, "seen": 227,
  "recent": [0.9, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75, 0.75], "level": 0.75, "best": 0.75,
  "best_step": 220, "cusum": 0.0, "blown": 0, "stuck": 0, "died": 0, "lost": 0, "regressed": false,
  "dead": 0.125, "safe": 227, "alive": 227, "living": 49, "sudden": false}}
"""


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
