"""The diagnosis benchmark's tables are right and its cases cover the catalogue; nothing is trained here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks import calibration  # noqa: E402  (needs the path above)
from benchmarks.diagnosis import catalogue, score  # noqa: E402
from benchmarks.diagnosis.cached import as_its_case_says  # noqa: E402
from lossdoctor.causes import CAUSES  # noqa: E402


def row(which, named=(), truth=("overfitting",), seed=0, name="a", control=False):
    """A row as worker.py writes it; `named` are (cause, confidence), loud from 0.5."""
    said = [[c, p, "warning" if p >= 0.5 else "info"] for c, p in named]
    healthy = not any(s == "warning" for _, _, s in said)
    return {
        "id": name,
        "which": which,
        "seed": seed,
        "truth": list(truth),
        "control": control,
        "named": said,
        "healthy": healthy,
        "well": which == "fixed",
        "error": None,
    }


def test_every_cause_is_met_in_a_sick_run_and_none_is_misspelt():
    """Each cause id is the best answer of at least one case, and no case accepts an unknown id."""
    cases = catalogue.load(None).values()
    ids = {cause.id for cause in CAUSES}
    assert {cause for case in cases for cause in case.causes} <= ids
    assert ids - {case.causes[0] for case in cases if case.causes} == set()


def test_there_are_enough_sick_runs_and_controls():
    """At least 70 sick runs with a twin and at least 45 healthy controls, told by their causes."""
    cases = catalogue.load(None).values()
    assert sum(case.sick is not None for case in cases) >= 70
    assert sum(case.sick is None for case in cases) >= 45
    assert all((case.sick is None) == (not case.causes) for case in cases)


def test_reading_the_cases_does_not_load_tensorflow():
    """A replay takes seconds because neither cases nor scores import TensorFlow or Keras."""
    code = (
        "import sys; from benchmarks.diagnosis import catalogue, run; catalogue.load(None); "
        "assert not {'tensorflow', 'keras'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_a_hit_needs_an_alarm_and_an_accepted_cause_among_the_first_k():
    """A cause that is only "also seen" is no hit; the second loud one is a hit at 2 and not at 1."""
    second = row("sick", [("dying-relu", 0.9), ("overfitting", 0.7)])
    assert (score.hit(second, 1), score.hit(second, 2)) == (False, True)
    assert not score.hit(row("sick", [("overfitting", 0.3)]), 3)


def test_figures_of_a_table_done_by_hand():
    """Two pairs, one with a false alarm on the twin, and a silent control."""
    rows = [
        row("sick", [("overfitting", 0.9)], name="a"),
        row("fixed", name="a"),
        row("sick", [("dying-relu", 0.8)], name="b"),
        row("fixed", [("dying-relu", 0.6)], name="b"),
        row("fixed", name="c", truth=(), control=True),
    ]
    found = score.figures(rows)
    assert (found["detected"], found["pairs"], found["hit1"], found["named"]) == (1.0, 0.5, 0.5, 1.0)
    assert found["false_alarms"] == pytest.approx(1 / 3)
    assert found["false_alarms_controls"] == 0.0


@pytest.mark.parametrize(
    ("made", "kind"),
    [
        (row("sick"), "MISSED"),
        (row("sick", [("dying-relu", 0.9)]), "WRONG CAUSE"),
        (row("sick", [("dying-relu", 0.9), ("overfitting", 0.6)]), "rank 2 or 3"),
        (row("fixed", [("outliers", 0.7)]), "FALSE ALARM"),
        (row("sick", [("overfitting", 0.9)]), None),
        (row("fixed"), None),
    ],
)
def test_each_kind_of_mistake_has_its_name(made, kind):
    """Missed, wrong, low in rank, false alarm, and right."""
    assert score.mistake(made) == kind


def test_a_run_that_is_not_what_its_case_says_is_left_out():
    """A sick run that trained well, or a twin that did not, says nothing about the doctor."""
    assert as_its_case_says(row("sick"))
    assert not as_its_case_says(row("sick") | {"well": True})
    assert not as_its_case_says(row("fixed") | {"well": False})


def test_calibration_of_claims_that_are_right_as_often_as_they_say():
    """Ten claims at 0.8 of which eight hold have no error; ten at 0.95 of which none hold have 0.95."""
    fair = [(0.8, i < 8) for i in range(10)]
    assert calibration.expected_error(fair) == pytest.approx(0.0)
    assert calibration.expected_error([(0.95, False)] * 10) == pytest.approx(0.95)
    assert calibration.brier(fair) == pytest.approx(0.16)


def test_a_cause_named_on_a_healthy_run_is_a_wrong_claim():
    """Also when the twin's case accepts that cause for its sick run."""
    assert calibration.claims(
        [row("fixed", [("overfitting", 0.7)]), row("sick", [("overfitting", 0.7)])]
    ) == [(0.7, False), (0.7, True)]
