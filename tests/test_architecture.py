"""Who may import whom (DESIGN.md section 2), and who may load TensorFlow."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lossdoctor"

# Part of the package -> the parts that it may import. Lazy and type-only imports count.
ALLOWED: dict[str, set[str]] = {
    "record": set(),
    "keras_private": set(),
    "backoff": set(),
    "losses": {"record"},
    "remedies": {"record", "keras_private"},  # the applying half
    "history": {"record"},
    "symptoms": {"record", "losses"},
    "causes": {"symptoms", "remedies", "record", "losses"},
    "coverage": {"symptoms", "record"},
    "diagnosis": {"coverage", "causes", "symptoms", "remedies", "losses", "record"},
    "report": {"diagnosis", "symptoms", "remedies", "record"},
    "catalogue": {"causes", "symptoms", "remedies", "record", "losses", "diagnosis"},
    "probes": {"record", "losses", "keras_private"},
    "trials": {"remedies", "record", "probes", "losses", "keras_private"},
}
BELOW_THE_EDGE = set(ALLOWED) - {"catalogue"}
ALLOWED["callbacks"] = BELOW_THE_EDGE
ALLOWED["checkup"] = BELOW_THE_EDGE
ALLOWED["posthoc"] = BELOW_THE_EDGE  # of the probes it needs only what reads a model's setup
EDGE = {"catalogue", "checkup", "posthoc", "callbacks", "lossdoctor"}
ALLOWED["cli"] = (BELOW_THE_EDGE | EDGE) - {"probes"}
# The root hands out the public names, each loaded on first use.
ALLOWED["lossdoctor"] = set(ALLOWED) - {"catalogue"}

# Only these may import TensorFlow or Keras.
HEAVY = ("probes/", "trials/", "callbacks/", "remedies/apply", "keras_private")

FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(file: Path) -> str:
    """Returns the part that a file belongs to: "causes", "cli", ..., "lossdoctor" for the root."""
    inside = file.relative_to(PACKAGE)
    if len(inside.parts) > 1:
        return inside.parts[0]
    return {"__init__": "lossdoctor", "__main__": "cli"}.get(inside.stem, inside.stem)


def imports(file: Path) -> Iterator[tuple[int, str]]:
    """Yields line and full dotted name of everything a file imports, wherever in the file it stands."""
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{file}:{node.lineno}: write imports in full, not relative"
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def parts_imported(file: Path) -> Iterator[tuple[int, str]]:
    """Yields line and part for each import of our own; the version alone may come from the root."""
    for line, name in imports(file):
        pieces = name.split(".")
        if pieces[0] == "lossdoctor" and pieces[1:] != ["__version__"]:
            known = len(pieces) > 1 and pieces[1] in ALLOWED
            yield line, pieces[1] if known else "lossdoctor"


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_imports_follow_the_arrows(file):
    """A file imports only the parts that its own part may know."""
    part = part_of(file)
    assert part in ALLOWED, f"{part} is a new part: say in ALLOWED (and in DESIGN.md) what it may import"
    wrong = [
        f"{file.relative_to(PACKAGE)}:{line} imports {other}; {part} may import {sorted(ALLOWED[part])}"
        for line, other in parts_imported(file)
        if other != part and other not in ALLOWED[part]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_tensorflow_stays_at_the_edge(file):
    """Only probes, trials, callbacks and remedies/apply import TensorFlow or Keras, even lazily."""
    inside = file.relative_to(PACKAGE).as_posix()
    heavy = [f"{inside}:{line} imports {name}" for line, name in imports(file) if _is_heavy(name)]
    assert inside.startswith(HEAVY) or not heavy, "\n".join(heavy)


# Private names that are not Keras's: our own class's in a copy of it, others' behind a check that they exist.
NOT_OF_KERAS = {"_rescue", "_model", "_rng", "_set_attr", "_trace"}


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_private_names_of_keras_are_in_one_file(file):
    """An attribute with an underscore, of anything but self or cls, asked for directly or by getattr."""
    own = file.name == "keras_private.py"
    wrong = [f"{file.relative_to(PACKAGE)}:{line} {name}" for line, name in private_names(file) if not own]
    assert not wrong, "\n".join(wrong)


def test_the_one_file_has_them():
    """So that the test above can find something."""
    names = {name for _, name in private_names(PACKAGE / "keras_private.py")}
    assert {"_flatten_layers", "_nodes_by_depth", "keras.src"} <= names


def private_names(file: Path) -> Iterator[tuple[int, str]]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        name = ""
        if isinstance(node, ast.Attribute) and not _is_own(node.value):
            name = node.attr
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("getattr", "hasattr", "setattr"):
            name = str(getattr(node.args[1], "value", ""))
        elif isinstance(node, ast.ImportFrom) and str(node.module).startswith("keras.src"):
            name = "keras.src"
        if name == "keras.src" or (name[:1] == "_" and name[:2] != "__" and name not in NOT_OF_KERAS):
            yield node.lineno, name


def _is_own(value: ast.expr) -> bool:
    return isinstance(value, ast.Name) and value.id in ("self", "cls")


def _is_heavy(name: str) -> bool:
    return name.split(".")[0] in ("tensorflow", "keras", "tf_keras")


def test_the_arrows_have_no_loop():
    """Of two parts at most one may import the other, directly or by way of others."""
    for part in ALLOWED:
        reached, frontier = set(), set(ALLOWED[part])
        while frontier:
            reached |= frontier
            frontier = set().union(*(ALLOWED[p] for p in frontier)) - reached
        assert part not in reached or part in ("lossdoctor", "cli"), f"{part} reaches itself"


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", code, *arguments], capture_output=True, text=True, timeout=120, check=False
    )


LOADED = "print(sorted({m.split('.')[0] for m in sys.modules} & {'tensorflow', 'keras'}))"


def test_importing_lossdoctor_does_not_load_tensorflow():
    """`import lossdoctor` is quick: neither TensorFlow nor Keras is loaded until a callback is asked for."""
    done = run_python(f"import sys, lossdoctor, lossdoctor.cli; {LOADED}")
    assert done.stdout.strip() == "[]", done.stdout + done.stderr


def test_diagnosing_a_file_does_not_load_tensorflow(tmp_path):
    """`lossdoctor diagnose FILE` reads a CSVLogger file and judges it without TensorFlow."""
    log = tmp_path / "log.csv"
    log.write_text("epoch,loss\n0,0.7\n1,3.9\n2,2.6e4\n3,nan\n")
    code = (
        f"import sys; from lossdoctor.cli import main; status = main(sys.argv[1:]); print(status); {LOADED}"
    )
    done = run_python(code, "diagnose", str(log))
    assert done.stdout.split()[-2:] == ["1", "[]"], done.stdout + done.stderr
