"""Where cases come from: our own, or a folder of ward cases loaded by path."""

from __future__ import annotations

import importlib.util
import pkgutil
import sys
from pathlib import Path
from typing import Any


def load(ward: str | None, only: str = "") -> dict[str, Any]:
    """Returns the cases by id, those whose id contains one of the comma-separated parts of `only`.

    Raises:
        ValueError: `ward` holds no case, or two cases have the same id.
    """
    cases = _ward(Path(ward)) if ward else _ours()
    found: dict[str, Any] = {}
    for case in cases:
        if case.id in found:
            raise ValueError(f"two cases are named {case.id!r}: rename one")
        found[case.id] = case
    return {k: c for k, c in found.items() if any(part in k for part in only.split(","))}


def _ours() -> list[Any]:
    """Returns the cases written out module by module, then those of the blind folders by the names of their files."""
    from benchmarks.diagnosis.cases import CASES, fourth, third

    found = [pkgutil.iter_modules(folder.__path__, f"{folder.__name__}.") for folder in (third, fourth)]
    names = [name for modules in found for name in sorted(module.name for module in modules)]
    modules = [importlib.import_module(name) for name in names]
    return [*CASES, *(module.CASE for module in modules if hasattr(module, "CASE"))]


def _ward(folder: Path) -> list[Any]:
    """Loads every module of `folder` that defines CASE; its `kit` lies in the folder or the one above."""
    sys.path[:0] = [str(folder), str(folder.parent)]
    cases = []
    for path in sorted(folder.glob("*.py")):
        spec = importlib.util.spec_from_file_location(path.stem, path)
        if spec is None or spec.loader is None:
            continue
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        if hasattr(module, "CASE"):
            cases.append(module.CASE)
    if not cases:
        raise ValueError(f"no module in {folder} defines CASE: pass the folder that holds the case files")
    return cases
