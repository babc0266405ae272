"""Writing a report so that a reader never meets half a file, whatever ends the run."""

from __future__ import annotations

import os
import uuid
from pathlib import Path


def write(path: str | os.PathLike[str], text: str) -> Path:
    """Writes `text` to `path` at once: into a new file beside it, then moved over it.

    Raises:
        ValueError: nothing can be written there (the message says why and what to pass).
    """
    target = checked(path)
    temporary = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.tmp")
    try:
        temporary.write_text(text, encoding="utf-8")
        os.replace(temporary, target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise ValueError(f"cannot write the report to {str(path)!r}: {error.strerror or error}") from error
    return target


def checked(path: str | os.PathLike[str]) -> Path:
    """Returns `path` as a Path that can be written (links followed).

    Raises:
        ValueError: it is a folder, its folder does not exist, or may not be written.
    """
    if not isinstance(path, (str, os.PathLike)) or not str(path):
        raise ValueError(f"the report path is {path!r}: pass a file name, e.g. 'report.html'")
    target = Path(os.path.realpath(os.path.expanduser(path)))
    hint = "pass a file name in a folder that exists and that you may write to"
    if target.is_dir():
        raise ValueError(f"cannot write the report to {str(path)!r}: it is a folder; {hint}")
    if not target.parent.is_dir():
        raise ValueError(f"cannot write the report to {str(path)!r}: there is no such folder; {hint}")
    if not os.access(target.parent, os.W_OK):
        raise ValueError(
            f"cannot write the report to {str(path)!r}: {str(target.parent)!r} is read-only; {hint}"
        )
    return target
