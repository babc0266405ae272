"""Rows of finished runs from the cache folder, and their judgement by today's rules without TensorFlow."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from benchmarks.diagnosis.worker import file_name

Job = tuple[str, str, int]


def read(cache: Path, job: Job, case: Any) -> dict[str, Any]:
    """Returns a cached row with the case's accepted causes as they are today."""
    row: dict[str, Any] = json.loads((cache / file_name(*job)).read_text())
    return row | {"truth": list(case.causes), "control": case.sick is None}


def read_all(cache: Path, jobs: Iterable[Job], cases: dict[str, Any]) -> list[dict[str, Any]]:
    """Returns the rows of those jobs that are in the cache."""
    return [read(cache, job, cases[job[0]]) for job in jobs if (cache / file_name(*job)).exists()]


def replayed(row: dict[str, Any]) -> dict[str, Any]:
    """Returns `row` judged again from its record; as it is when it has none."""
    from lossdoctor import diagnosis
    from lossdoctor.record import Record

    if not row.get("record"):
        return row
    findings = diagnosis.conclude(Record.from_json(json.dumps(row["record"])))
    named = [[d.cause, round(float(d.confidence), 4), d.severity] for d in findings.diagnoses]
    return row | {"healthy": findings.healthy, "named": named}


def as_its_case_says(row: dict[str, Any]) -> bool:
    """Whether a sick run was not well, or a fixed one was (others tell nothing about the doctor)."""
    return bool(row["well"]) == (row["which"] == "fixed")
