"""From symptoms to ranked diagnoses: confidence, consequences, who is named loudly, and what never happens."""

from __future__ import annotations

import sys
import warnings
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

sys.path.insert(0, str(Path(__file__).parent / "symptoms"))  # its records serve here as well

from random_records import records
from record_factory import HEALTHY, bare, run, task

from lossdoctor import symptoms
from lossdoctor.causes import CAUSES
from lossdoctor.causes.cause import Facts, Sign
from lossdoctor.diagnosis import (
    ALSO_SEEN,
    LOUD,
    NAMED,
    NAMED_BESIDE,
    Diagnosis,
    conclude,
    confidence,
    rank,
    weigh,
)
from lossdoctor.record import Activity, Data, Event, Layer, Optimizer, Record, Setup
from lossdoctor.remedies import Remedy

IDS = [cause.id for cause in CAUSES]
LAWS = settings(deadline=None, max_examples=200)
SICK = run(np.geomspace(1, 1e6, 60), setup=Setup(optimizer=Optimizer("SGD", 1.0)))
BROKEN = run(np.where(np.arange(60) < 30, 1.0, np.nan), setup=Setup(optimizer=Optimizer("SGD", 1.0)))

PROVES_NOTHING = {"empty", "bare history of one epoch"}


def found(cause: str, sure: float) -> Diagnosis:
    return Diagnosis(cause, "LD000", cause, sure, "error")


@LAWS
@given(records)
def test_conclude_never_raises(record):
    """Any record gets its findings; no rule fails on it and no warning is printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        findings = conclude(record)
    assert [text for text in findings.unchecked if "the rule failed" in text] == []
    assert findings.verdict.startswith(f"{findings.status.upper()}. ")


@LAWS
@given(records)
def test_the_status_follows_from_what_is_loud_and_what_is_missing(record):
    """Unhealthy exactly when a diagnosis has severity error or warning; else inconclusive when anything is missing."""
    findings = conclude(record)
    loud = [d for d in findings.diagnoses if d.severity in ("error", "warning")]
    because = findings.inconclusive_because
    assert findings.status == ("unhealthy" if loud else "inconclusive" if because else "healthy")
    assert findings.healthy == (not loud and not because)
    assert not (loud and because) and all(text.endswith(".") for text in because)
    assert len(loud) <= LOUD
    assert list(findings.loud) == loud == list(findings.diagnoses[: len(loud)])
    assert {d.severity for d in findings.diagnoses} <= {"error", "warning", "info"}


@LAWS
@given(records)
def test_diagnoses_are_ranked(record):
    """The loud ones and the quiet ones each stand by confidence, each cause once, each with a reason."""
    findings = conclude(record)
    quiet = [d for d in findings.diagnoses if d.severity == "info"]
    for part in (findings.loud, quiet):
        assert [d.confidence for d in part] == sorted((d.confidence for d in part), reverse=True)
    # What is less sure than NAMED is named only in place of "I don't know", and then alone.
    assert all(d.confidence >= NAMED for d in findings.loud[:1]) or len(findings.loud) == 1
    assert all(d.confidence >= NAMED_BESIDE for d in findings.loud[1:])
    assert all(ALSO_SEEN <= d.confidence < 1 for d in quiet)
    names = [d.cause for d in findings.diagnoses]
    assert len(names) == len(set(names)) and set(names) <= {*IDS, "unknown"}
    assert all(d.evidence for d in findings.diagnoses)


@LAWS
@given(records, st.sets(st.sampled_from(IDS)))
def test_ignored_causes_are_not_named(record, ignore):
    """No cause of `ignore` is named or suspected."""
    findings = conclude(record, ignore=ignore)
    assert ignore.isdisjoint(d.cause for d in (*findings.diagnoses, *findings.suspects))


@settings(deadline=None, max_examples=40)
@given(records)
def test_a_saved_record_gives_the_same_diagnosis(record):
    """What was concluded in the run can be concluded from its file."""
    assert repr(conclude(Record.from_json(record.to_json()))) == repr(conclude(record))


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_runs_are_healthy(name):
    """Noise, cycles of the rate, negative losses, optimal starts and bare histories: nothing loud.

    What proves nothing (no loss at all, one epoch of a bare history) is not called healthy either.
    """
    findings = conclude(HEALTHY[name])
    assert not findings.loud
    assert findings.status == ("inconclusive" if name in PROVES_NOTHING else "healthy")


@pytest.mark.parametrize(
    ("record", "cause"), [(SICK, "learning-rate-too-high"), (BROKEN, "learning-rate-too-high")]
)
def test_a_sick_run_is_named(record, cause):
    """A loss that explodes under SGD at rate 1 is put down to the rate, in the words of the symptom."""
    findings = conclude(record)
    assert not findings.healthy
    assert findings.loud[0].cause == cause
    assert findings.verdict.startswith("UNHEALTHY. The loss ")


def test_an_alarm_that_no_cause_explains_is_unknown():
    """When every cause is ignored the alarm remains: "I don't know" is a diagnosis."""
    findings = conclude(SICK, ignore=IDS)
    assert [d.cause for d in findings.loud] == ["unknown"]
    assert "The loss grew from" in findings.loud[0].evidence[0]
    assert not findings.suspects


def test_an_alarm_with_a_faint_suspect_names_it_with_its_low_confidence():
    """The likeliest cause is a better start than none, and its confidence says how far to trust it."""
    results = {
        "evaluation": {
            "neighbours": {"rows": 250.0, "score": 0.95, "chance": 0.5, "error": 0.03},
            "final": {"accuracy": 0.7},
        }
    }
    setup = Setup(layers=(Layer("out", "Dense", "sigmoid", units=1, parameters=3),))
    findings = conclude(Record(setup=setup, experiments=results))
    assert [d.cause for d in findings.loud] == ["model-too-small"]
    assert ALSO_SEEN <= findings.loud[0].confidence < NAMED
    assert not findings.healthy


def test_confidence_is_never_certain():
    """Signs add up as log-odds, and no sum of them makes 0 or 1."""
    assert confidence(0.0, []) == 0.5
    assert confidence(-2.0, [Sign(2.0, ""), Sign(1.0, ""), Sign(-1.0, "")]) == 0.5
    assert 0 < confidence(-100.0, []) < 0.01 and 0.99 < confidence(0.0, [Sign(100.0, "")]) < 1


def test_a_consequence_ranks_below_what_explains_it():
    """Of two named causes the one that explains the other stands first, however sure the other is."""
    cause = next(c for c in CAUSES if c.consequences)
    ranked = rank([found(cause.consequences[0], 0.99), found(cause.id, 0.6)])
    assert [d.cause for d in ranked] == [cause.id, cause.consequences[0]]
    doubtful = rank([found(cause.consequences[0], 0.99), found(cause.id, 0.4)])
    assert [d.cause for d in doubtful] == [cause.consequences[0], cause.id]


def test_nothing_for_a_cause_is_no_diagnosis():
    """A cause against which much speaks and for which nothing does is not weighed."""
    none = replace(CAUSES[0], signs=lambda facts: [Sign(-3.0, "against")])
    assert weigh(none, Facts()) is None


def test_confirmed_remedies_come_first():
    """A remedy that a replay confirmed stands before an untried one, and that before a refuted one."""
    tried = [Remedy("refuted"), Remedy("untried"), Remedy("confirmed")]
    cause = replace(CAUSES[0], signs=lambda facts: [Sign(3.0, "for")], remedies=lambda facts: tried)
    trials = [
        {"cause": cause.id, "remedy": word, "verdict": word, "text": f"it was {word}"}
        for word in ("refuted", "confirmed")
    ]
    remedies = weigh(cause, Facts(experiments={"replay": {"trials": trials}})).remedies
    assert [r.summary for r in remedies] == ["confirmed", "untried", "refuted"]
    assert [r.verified for r in remedies] == ["it was confirmed", None, "it was refuted"]


def test_a_rule_that_fails_costs_only_itself(monkeypatch):
    """An error in one detector is reported, and the others still speak."""

    def fails(record: Record) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setitem(symptoms.DETECTORS, "loss-plateau", fails)
    findings = conclude(SICK)
    assert any(
        "loss-plateau: the rule failed with ZeroDivisionError: of ours" in t for t in findings.unchecked
    )
    assert "loss-exploding" in {s.name for s in findings.symptoms}


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (bare([1.0, 0.5]), "only the losses were given"),
        (run([1.0, 0.5]), "validation (no validation data)"),
        (run([1.0], setup=Setup(steps_per_execution=8)), "steps_per_execution=8"),
        (
            run([1.0], data=Data(missing=("a generator gave no array",))),
            "the data: a generator gave no array",
        ),
        (run([1.0], experiments={"not_run": ["no time for trials"]}), "no time for trials"),
        (Record(source="checkup"), "before the first step"),
    ],
)
def test_what_was_not_checked_is_said(record, words):
    """Every gap in the measurement has its sentence."""
    assert any(words in text for text in conclude(record).unchecked)


def test_what_was_checked_is_said():
    """Areas that were measured and are fine are listed, those that were not are not."""
    assert "targets and loss" in conclude(run(np.ones(40), **task(2.0))).checked
    assert conclude(Record()).checked == ()


@pytest.mark.parametrize("value", [1.0, np.nan])
def test_what_is_not_finite_is_not_called_fine(value):
    """Neither gradients and activations of weights that are NaN, nor a validation loss that is."""
    series = {"epoch.loss": np.ones(4), "epoch.val_loss": np.full(4, value)}
    series["sampled.grad_norm"] = np.ones((4, 1))
    series["sampled.weight_norm"] = np.full((4, 1), value)
    record = run(np.ones(40), series=series, activity=(Activity("dense", "Dense", "relu", "final"),))
    areas = {"gradients by layer", "activations", "validation"}
    assert areas & set(conclude(record).checked) == (areas if value == 1.0 else set())


@pytest.mark.parametrize(
    ("stopped", "ending"),
    [("error: ValueError", "ended with an error: ValueError."), ("interrupted", "was interrupted.")],
)
def test_the_verdict_tells_how_the_run_ended(stopped, ending):
    """After an exception or Ctrl-C the verdict says so."""
    stop = replace(SICK, stopped=stopped, events=(Event("stop", stopped),))
    assert conclude(stop).verdict.endswith(ending)
