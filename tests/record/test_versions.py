"""Records and reports that lossdoctor 0.1.0 wrote (version 1) load, with the names of today."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import numpy as np
import pytest

import lossdoctor
from lossdoctor.diagnosis import conclude
from lossdoctor.record import VERSION, Record
from lossdoctor.report.json_document import SCHEMA, load

EXAM = {"final": {"accuracy": 0.5, "majority": 0.5}, "neighbours": {"score": 0.9, "chance": 0.5, "rows": 64}}
TRIALS = [{"cause": "learning-rate-too-high", "remedy": "Lower the rate.", "verdict": "confirmed",
           "text": "A replay at 0.01 fell.", "score": 0.8}]  # fmt: skip


def series(*values: Any) -> dict[str, Any]:
    return {"$array": "float64", "shape": [len(values)], "data": list(values)}


def old_record() -> dict[str, Any]:
    """A record as 0.1.0 wrote it: "lab" with "exam", no roles of variables, NaN as text in an array."""
    return {
        "setup": {
            "keras": "3.3.3", "lossdoctor": "0.1.0", "model_kind": "Sequential",
            "layers": [{"name": "dense", "kind": "Dense", "activation": "linear", "units": 1, "parameters": 4}],
            "variables": [{"path": "dense/kernel", "layer": "dense", "shape": [3, 1]}],
            "outputs": [{"name": "dense", "shape": [1], "units": 1, "activations": [], "loss": "mean_squared_error"}],
            "optimizer": {"kind": "SGD", "learning_rate": 10.0, "config": {"momentum": 0.0}},
            "epochs": 2, "steps_per_epoch": 3, "batch_size": 32,
        },
        "data": {"inputs": [], "targets": [], "missing": ["a generator gave no array"]},
        "series": {
            "step": series(0, 1, 2, 3, 4, 5), "epoch": series(0, 0, 0, 1, 1, 1),
            "batch_loss": series(1.0, 40.0, 1600.0, 9e8, "inf", "nan"),
            "epoch.loss": series(547.0, "nan"),
        },
        "activity": [{"layer": "dense", "kind": "Dense", "activation": "linear", "when": "final", "output": True}],
        "events": [{"kind": "skip", "text": "Step 5 was skipped.", "step": 4, "epoch": 1, "data": {"loss": {"$float": "inf"}}}],
        "lab": {"exam": EXAM, "replay": {"trials": TRIALS}, "not_run": ["stability: no time"], "seconds": 4.5},
        "cost": {"trials": 4.5},
        "stopped": "finished",
        "source": "fit",
        "version": 1,
    }  # fmt: skip


def old_report(healthy: bool) -> dict[str, Any]:
    remedy = {"summary": "Lower the rate.", "code": "optimizer = SGD(0.01)", "actions": [{"kind": "learning_rate", "arguments": {"value": 0.01}}],
              "verified": "A replay at 0.01 fell.", "confirmed": True}  # fmt: skip
    sick = {"cause": "learning-rate-too-high", "code": "LD101", "title": "Learning rate too high", "confidence": 0.9,
            "severity": "error", "evidence": ["The loss grew."], "against": [], "remedies": [remedy], "references": []}  # fmt: skip
    diagnoses = [] if healthy else [sick]
    findings = {
        "healthy": healthy, "verdict": "HEALTHY. It fell." if healthy else "UNHEALTHY. The loss grew.",
        "symptoms": [{"name": "loss-exploding", "value": {"$float": "inf"}, "text": "The loss grew.", "alarming": True}],
        "diagnoses": diagnoses, "suspects": diagnoses, "checked": ["inputs"], "unchecked": ["validation"], "notes": [],
    }  # fmt: skip
    return {
        "kind": "lossdoctor-report", "version": 1, "healthy": healthy, "verdict": findings["verdict"],
        "findings": findings, "actions": [], "unchecked": ["validation"], "record": old_record(),
    }  # fmt: skip


def test_an_old_record_loads_under_the_names_of_today():
    """ "lab" is `experiments`, its "exam" `evaluation`; all else is as it was, and it is of today's version."""
    record = Record.from_json(json.dumps(old_record()))
    assert record.version == VERSION
    assert record.experiments["evaluation"] == EXAM and "exam" not in record.experiments
    assert record.experiments["replay"]["trials"] == TRIALS
    assert record.experiments["not_run"] == ["stability: no time"]
    np.testing.assert_array_equal(record.series["epoch.loss"], [547.0, np.nan])
    assert record.setup.variables[0].role == "" and record.setup.variables[0].shape == (3, 1)
    assert record.events[0].data == {"loss": np.inf} and record.setup.optimizer.learning_rate == 10.0


def test_an_old_record_is_written_as_one_of_today():
    """What is saved again comes back equal, without the old names."""
    text = Record.from_json(json.dumps(old_record())).to_json()
    raw = json.loads(text)
    assert raw["version"] == VERSION and "lab" not in raw and "exam" not in raw["experiments"]
    assert Record.from_json(text).to_json() == text


def test_an_old_record_is_judged():
    """It gets today's findings, from the object and from its file."""
    findings = conclude(Record.from_json(json.dumps(old_record())))
    assert findings.status == "unhealthy"
    assert findings.loud[0].cause == "learning-rate-too-high"


def test_an_old_record_is_read_from_its_file(tmp_path):
    """`diagnose` takes the file of a record of version 1, and that of a report."""
    for name, document in (("record.json", old_record()), ("report.json", old_report(False))):
        (tmp_path / name).write_text(json.dumps(document))
        report = lossdoctor.diagnose(tmp_path / name)
        assert report.status == "unhealthy"
        assert report.record.experiments["evaluation"] == EXAM


@pytest.mark.parametrize(("healthy", "status"), [(True, "healthy"), (False, "unhealthy")])
def test_an_old_report_loads(tmp_path, healthy, status):
    """Findings that knew no "inconclusive" have the status that their `healthy` says, and all that they said."""
    path = tmp_path / "report.json"
    path.write_text(json.dumps(old_report(healthy)))
    report = lossdoctor.load_report(path)
    assert (report.status, report.healthy) == (status, healthy)
    assert report.inconclusive_because == () and report.unchecked == ("validation",)
    assert report.findings.symptoms[0].value == np.inf
    assert [d.cause for d in report.diagnoses] == ([] if healthy else ["learning-rate-too-high"])
    if not healthy:
        assert report.diagnoses[0].remedies[0].confirmed is True
        assert report.diagnoses[0].remedies[0].actions[0].arguments == {"value": 0.01}


def test_an_old_report_is_written_as_one_of_today(tmp_path):
    """Saved again it fits today's schema and loads as the same."""
    path = tmp_path / "report.json"
    path.write_text(json.dumps(old_report(False)))
    text = lossdoctor.load_report(path).to_json(path)
    jsonschema.validate(json.loads(text), json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert load(path)[1] == lossdoctor.load_report(path).findings
    assert lossdoctor.load_report(path).status == "unhealthy"


def test_newer_reports_are_refused(tmp_path):
    """A report of a later version says what to do."""
    path = tmp_path / "report.json"
    path.write_text(json.dumps(old_report(True) | {"version": 99}))
    with pytest.raises(ValueError, match=r"version 99.*upgrade"):
        lossdoctor.load_report(path)
