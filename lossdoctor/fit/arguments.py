"""What LossDoctor's arguments may be; each check names the argument, what came, and what to pass."""

from __future__ import annotations

import os
from collections.abc import Collection
from pathlib import Path

from lossdoctor.causes import BY_ID


def checked_ignore(ignore: Collection[str]) -> tuple[str, ...]:
    ids = (ignore,) if isinstance(ignore, str) else tuple(ignore)
    by_code = {cause.code: cause.id for cause in BY_ID.values()}
    for name in ids:
        if name not in BY_ID and name not in by_code:
            raise ValueError(f"ignore={name!r}: no such cause; pass ids or codes out of {', '.join(BY_ID)}")
    return tuple(by_code.get(name, name) for name in ids)


def checked_path(path: str | os.PathLike[str] | None) -> Path | None:
    if path is None:
        return None
    target = Path(path)
    if target.suffix not in (".json", ".html", ".txt"):
        raise ValueError(f"report={str(path)!r}: pass a path that ends in .json, .html or .txt")
    folder = target.absolute().parent
    if target.is_dir() or not folder.is_dir() or not os.access(folder, os.W_OK):
        raise ValueError(
            f"report={str(path)!r}: {folder} is no folder that can be written to; pass one that is"
        )
    if target.exists() and not os.access(target, os.W_OK):
        raise ValueError(f"report={str(path)!r}: the file cannot be written; pass another path")
    return target
