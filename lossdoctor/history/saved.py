"""A path to a Record: by what a file holds, not by its name."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lossdoctor.history.events import from_files, is_event_file
from lossdoctor.history.logs import from_columns
from lossdoctor.history.table import from_csv
from lossdoctor.record import Record

HEAD = 4096  # bytes by which a file is recognised
LARGEST_JSON = 256 * 2**20  # bytes; a record of 100,000 steps and 200 layers takes about 20 MB
WANTED = "pass a CSVLogger file, a TensorBoard folder, or the JSON of a record, a report or history.history"
KINDS = {  # first bytes -> what people hand in by mistake
    b"PK\x03\x04": "a zip archive (a saved model? `lossdoctor check` takes those)",
    b"\x89HDF": "an HDF5 file (saved weights hold no losses)",
    b"\x1f\x8b": "a gzip archive",
    b"\x93NUMPY": "a numpy array",
    b"%PDF": "a PDF",
    b"\x89PNG": "a picture",
}


def from_path(path: str | os.PathLike[str]) -> Record:
    """Returns the Record in the file or folder at `path`.

    Raises:
        ValueError: it is missing, empty, of another kind or damaged; the message names it.
    """
    file = Path(os.path.expanduser(path))
    shown = repr(str(path))
    try:
        return _read(file)
    except OSError as error:
        raise ValueError(f"cannot read {shown}: {error.strerror or error}; {WANTED}") from None
    except ValueError as error:
        raise ValueError(f"{shown}: {error}") from None


def _read(file: Path) -> Record:
    if not file.exists():
        raise ValueError(f"no such file or folder; {WANTED}")
    if file.is_dir():
        return from_files(file)
    if not file.is_file():
        raise ValueError(f"neither a file nor a folder; {WANTED}")
    with file.open("rb") as stream:
        head = stream.read(HEAD)
    if not head.strip():
        raise ValueError(f"the file is empty; {WANTED}")
    if is_event_file(head):
        return from_files(file)
    kind = next((kind for magic, kind in KINDS.items() if head.startswith(magic)), None)
    if kind or b"\0" in head:
        raise ValueError(f"this is {kind or 'a binary file'}; {WANTED}")
    if head.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in (b"{", b"["):
        return _from_json(file)
    return from_csv(file)


def _from_json(file: Path) -> Record:
    if file.stat().st_size > LARGEST_JSON:
        raise ValueError(f"JSON of more than {LARGEST_JSON >> 20} MB; pass the losses as a CSV file")
    text = file.read_text(encoding="utf-8-sig", errors="replace")
    try:
        raw = json.loads(text)
    except ValueError as error:
        raise ValueError(f"JSON that is cut off or damaged ({error}); {WANTED}") from None
    if isinstance(raw, dict) and isinstance(raw.get("record"), dict):
        raw = raw["record"]  # a report holds the record that it came from
    if isinstance(raw, dict) and "series" in raw and "version" in raw:
        return _record(raw)
    if isinstance(raw, dict) and isinstance(raw.get("history"), dict):
        raw = raw["history"]
    return from_columns(_columns(raw), "history")


def _record(raw: dict[str, Any]) -> Record:
    try:
        return Record.from_json(json.dumps(raw))
    except (TypeError, KeyError, AttributeError) as error:
        raise ValueError(f"a damaged record ({error}); save it again") from None


def _columns(raw: Any) -> Mapping[str, Any]:
    """Returns metric -> values from a dict of lists or a list of logs, one dict an epoch."""
    if isinstance(raw, dict):
        return raw
    if isinstance(raw, list) and raw and all(isinstance(row, dict) for row in raw):
        names = dict.fromkeys(name for row in raw for name in row)
        return {name: [row.get(name) for row in raw] for name in names}
    raise ValueError(f"JSON, but neither a record, a report nor a history (a dict of lists); {WANTED}")
