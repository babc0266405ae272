"""The JSON report: strict, as the schema says, and back again without loss."""

from __future__ import annotations

import json

import jsonschema
import numpy as np
import pytest

from lossdoctor import load_report
from lossdoctor.diagnosis import Findings
from lossdoctor.record import Record
from lossdoctor.report import Report
from lossdoctor.report.json_document import SCHEMA

SCHEMA_TEXT = SCHEMA.read_text(encoding="utf-8")


def no_constant(name):
    raise AssertionError(f"a bare {name} is not JSON")


def strict(text):
    return json.loads(text, parse_constant=no_constant)


def test_the_schema_itself_is_valid():
    """schema.json is a JSON Schema of the draft that it names."""
    jsonschema.Draft202012Validator.check_schema(json.loads(SCHEMA_TEXT))


@pytest.mark.parametrize("which", ["sick", "well", "empty"])
def test_reports_follow_the_schema_and_hold_no_bare_nan(which, request):
    """A run that is full of NaN still gives strict JSON of the documented form."""
    empty = Report(Record(), Findings("healthy", "Nothing was measured."))
    report = empty if which == "empty" else request.getfixturevalue(which)
    jsonschema.validate(strict(report.to_json()), json.loads(SCHEMA_TEXT))


@pytest.mark.parametrize(
    ("spoil", "where"),
    [
        (lambda d: d.pop("verdict"), "verdict"),
        (lambda d: d.update(version=99), "2 was expected"),
        (lambda d: d["findings"]["diagnoses"][0].update(confidence=1.2), "1.2"),
        (lambda d: d["findings"]["diagnoses"][0].update(severity="fatal"), "fatal"),
        (lambda d: d["record"]["series"].update(x=[1, 2]), "object"),
    ],
)
def test_the_schema_turns_other_things_away(sick, spoil, where):
    """The schema is no rubber stamp: each broken promise is named."""
    document = strict(sick.to_json())
    spoil(document)
    with pytest.raises(jsonschema.ValidationError, match=where):
        jsonschema.validate(document, json.loads(SCHEMA_TEXT))


def test_a_saved_report_comes_back_equal(sick, tmp_path):
    """load_report gives the same findings and the same record, NaN and all."""
    text = sick.to_json(tmp_path / "report.json")
    again = load_report(tmp_path / "report.json")
    assert again.findings == sick.findings
    assert again.to_json() == text
    assert again.to_text() == Report(sick.record, sick.findings).to_text()
    np.testing.assert_array_equal(again.record.series["batch_loss"], sick.record.series["batch_loss"])
    assert np.isnan(again.record.series["batch_loss"]).any()


def test_a_loaded_report_says_why_it_cannot_repair(sick, tmp_path):
    """There is no model in a file; the message says how to get the repaired one."""
    sick.to_json(tmp_path / "report.json")
    with pytest.raises(ValueError, match=r"callbacks=\[LossDoctor\(\)\]"):
        load_report(tmp_path / "report.json").repaired_model()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not JSON"),
        (b'{"kind": "lossdoctor-rep', "not JSON"),
        (b"[1, 2]", "not a lossdoctor report"),
        (b'{"series": {}, "version": 1}', "not a lossdoctor report"),
        (b'{"kind": "lossdoctor-report", "version": 7}', "upgrade lossdoctor"),
        (b'{"kind": "lossdoctor-report", "version": 1}', "damaged"),
        (b"\xff\xfe\x00\x01", "binary"),
    ],
)
def test_other_files_are_named_with_what_is_wrong(tmp_path, content, message):
    """Empty, cut off, of another kind, newer or binary: one sentence with the file's name."""
    path = tmp_path / "some.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        load_report(path)
    assert "some.json" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    """No file, no stack of OSErrors."""
    with pytest.raises(ValueError, match=r"nothing\.json.*No such file"):
        load_report(tmp_path / "nothing.json")
