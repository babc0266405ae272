"""Report to strict JSON and back. The form is in schema.json, versioned apart from the package."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from lossdoctor.diagnosis import Findings
from lossdoctor.record import Record, codec
from lossdoctor.report.content import Content

KIND = "lossdoctor-report"
VERSION = 2
SCHEMA = Path(__file__).with_name("schema.json")


def dumps(content: Content) -> str:
    """Returns `report` as strict JSON: the findings first, then the record they came from."""
    document = {
        "kind": KIND,
        "version": VERSION,
        "status": content.status,
        "healthy": content.healthy,
        "verdict": content.verdict,
        "findings": content.findings,
        "actions": content.actions,
        "unchecked": content.unchecked,
        "record": content.record,
    }
    return codec.dumps(document)


def loads(text: str) -> tuple[Record, Findings]:
    """Returns what `dumps` wrote: the record and the findings.

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
    return _decoded(raw)


def _decoded(raw: dict[str, Any]) -> tuple[Record, Findings]:
    try:
        record = Record.from_json(json.dumps(raw["record"]))
        return record, codec.decode(_with_status(raw["findings"]), Findings)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"a damaged lossdoctor report ({error!r}): write it again") from error


def _with_status(findings: dict[str, Any]) -> dict[str, Any]:
    """Returns findings of version 1, which knew no "inconclusive", with their status."""
    return {"status": "healthy" if findings.get("healthy") else "unhealthy", **findings}


def load(path: str | os.PathLike[str]) -> tuple[Record, Findings]:
    """Returns the record and the findings of the report saved at `path`.

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
