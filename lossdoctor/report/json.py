"""Report to strict JSON and back. The form is in schema.json, versioned apart from the package."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lossdoctor.diagnosis import Findings
from lossdoctor.record import Record, codec
from lossdoctor.report.report import Report

KIND = "lossdoctor-report"
VERSION = 1
SCHEMA = Path(__file__).with_name("schema.json")


def dumps(report: Report) -> str:
    """Returns `report` as strict JSON: the findings first, then the record they came from."""
    document = {
        "kind": KIND,
        "version": VERSION,
        "healthy": report.healthy,
        "verdict": report.verdict,
        "findings": report.findings,
        "actions": report.actions,
        "unchecked": report.unchecked,
        "record": report.record,
    }
    return codec.dumps(document)


def loads(text: str) -> Report:
    """Returns the report that `dumps` wrote. It has no model, so repaired_model() says what to do.

    Raises:
        ValueError: the text is no report, or of a newer version.
    """
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise ValueError(f"not JSON ({error}): pass a file that Report.to_json wrote, complete") from None
    if not isinstance(raw, dict) or raw.get("kind") != KIND:
        raise ValueError("JSON, but not a lossdoctor report: pass a file that Report.to_json wrote")
    if not isinstance(raw.get("version"), int) or raw["version"] > VERSION:
        raise ValueError(f"a report of version {raw.get('version')!r}, not {VERSION}: upgrade lossdoctor")
    return _report(raw)


def _report(raw: dict[str, Any]) -> Report:
    try:
        return Report(codec.decode(raw["record"], Record), codec.decode(raw["findings"], Findings))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a damaged lossdoctor report ({error!r}): write it again") from error


def load_report(path: str | os.PathLike[str]) -> Report:
    """Returns the report saved at `path` by `Report.to_json`.

    Raises:
        ValueError: no such file, or it holds something else; the message names the file.
    """
    try:
        return loads(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"cannot read a report from {str(path)!r}: {error.strerror or error}") from None
    except ValueError as error:
        problem = "binary, not text" if isinstance(error, UnicodeDecodeError) else error
        raise ValueError(f"{str(path)!r} is {problem}") from None
