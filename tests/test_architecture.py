"""Who may import whom, who may load a backend, and that nothing goes round in a circle."""

from __future__ import annotations

import ast
import graphlib
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "lossdoctor"

# Part of the package -> the parts that it may import. Lazy and type-only imports count.
ALLOWED: dict[str, set[str]] = {
    "record": set(),
    "keras_private": set(),
    "keras_layers": {"keras_private"},
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
    "backends": {"record", "losses", "keras_private"},
    "experiments": {"backends", "remedies", "losses", "record", "keras_private", "keras_layers"},
    # Of the rules a fit needs what they are called (arguments), and which remedies to try (after_fit).
    # checkup() makes a report of its own.
    "fit": {"experiments", "backends", "backoff", "diagnosis", "causes", "remedies", "losses", "record", "report",
            "keras_private", "keras_layers"},
}  # fmt: skip
BELOW_THE_EDGE = set(ALLOWED) - {"catalogue"}
ALLOWED["callbacks"] = BELOW_THE_EDGE
ALLOWED["posthoc"] = BELOW_THE_EDGE
ALLOWED["saved_model"] = set()
ALLOWED["demo"] = {"callbacks", "report"}
EDGE = {"catalogue", "posthoc", "saved_model", "demo", "callbacks", "lossdoctor"}
ALLOWED["cli"] = (BELOW_THE_EDGE | EDGE) - {"backends"}
# The root hands out the public names, each loaded on first use.
ALLOWED["lossdoctor"] = set(ALLOWED) - {"catalogue"}

BACKENDS = ("tensorflow", "tf_keras", "jax", "torch")
# Only these may import Keras.
HEAVY = ("backends/", "experiments/", "fit/", "callbacks/", "remedies/apply", "keras_private", "keras_layers",
         "demo", "saved_model")  # fmt: skip

FILES = sorted(PACKAGE.rglob("*.py"))


def part_of(file: Path) -> str:
    """Returns the part that a file belongs to: "causes", "cli", ..., "lossdoctor" for the root."""
    inside = file.relative_to(PACKAGE)
    if len(inside.parts) > 1:
        return inside.parts[0]
    return {"__init__": "lossdoctor", "__main__": "cli"}.get(inside.stem, inside.stem)


def imports(file: Path, *, types: bool = True) -> Iterator[tuple[int, str]]:
    """Yields line and full dotted name of all imports of a file, wherever they stand; `types`: also for types only."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    left_out = set() if types else typing_only(tree)
    for node in ast.walk(tree):
        if id(node) in left_out:
            continue
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
    assert part in ALLOWED, (
        f"{part} is a new part: say in ALLOWED (and in docs/development.md) what it may import"
    )
    wrong = [
        f"{file.relative_to(PACKAGE)}:{line} imports {other}; {part} may import {sorted(ALLOWED[part])}"
        for line, other in parts_imported(file)
        if other != part and other not in ALLOWED[part]
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("file", FILES, ids=lambda f: str(f.relative_to(PACKAGE)))
def test_keras_and_its_backends_stay_in_their_rooms(file):
    """Only the rooms of HEAVY import Keras, even lazily; only backends/NAME imports that backend."""
    inside = file.relative_to(PACKAGE)
    names = [(line, name.split(".")[0]) for line, name in imports(file, types=False)]
    backend = [f"{inside}:{line} imports {name}" for line, name in names if name in BACKENDS]
    assert inside.parts[:2] in {("backends", name) for name in BACKENDS} or not backend, "\n".join(backend)
    heavy = [f"{inside}:{line} imports {name}" for line, name in names if name == "keras"]
    assert inside.as_posix().startswith(HEAVY) or not heavy, "\n".join(heavy)


def test_no_circles_between_files():
    """Also not within a folder; a package counts as its __init__. Type-only imports are no circle."""
    modules = {module_of(file): file for file in FILES}
    graph = {
        name: {m for m in modules_imported(file, modules) if m != name} for name, file in modules.items()
    }
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        pytest.fail(f"a circle: {' -> '.join(error.args[1])}")


def test_one_name_one_file():
    """No two modules are called the same."""
    names = Counter(file.stem for file in FILES if file.stem not in ("__init__", "__main__"))
    in_backends = {
        file.stem for file in FILES if "backends" in file.parts
    }  # siblings are called alike on purpose
    assert {name for name, count in names.items() if count > 1} <= in_backends


def test_files_are_small():
    """Nothing over 300 lines; callbacks/ holds the callbacks alone."""
    long = [f"{f.relative_to(PACKAGE)}: {n}" for f in FILES if (n := len(f.read_text().splitlines())) > 300]
    assert not long
    assert {f.stem for f in PACKAGE.glob("callbacks/*.py")} == {"__init__", "doctor", "lr_backoff"}


def module_of(file: Path) -> str:
    """Returns the dotted name of a file's module."""
    return ".".join(("lossdoctor", *file.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(
        ".__init__"
    )


def typing_only(tree: ast.Module) -> set[int]:
    """Returns the id() of the nodes that only a type checker runs."""
    guards = [n for n in ast.walk(tree) if isinstance(n, ast.If) and "TYPE_CHECKING" in ast.dump(n.test)]
    return {id(n) for guard in guards for n in ast.walk(guard)}


def modules_imported(file: Path, modules: dict[str, Path]) -> Iterator[str]:
    """Yields the modules of ours that a file imports when it runs, wherever in the file it says so."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    left_out = typing_only(tree)
    for node in ast.walk(tree):
        if id(node) in left_out or not isinstance(node, (ast.Import, ast.ImportFrom)):
            continue
        found = [a.name for a in node.names]
        if isinstance(node, ast.ImportFrom):
            found = [str(node.module), *(f"{node.module}.{name}" for name in found)]
        yield from (name for name in found if name in modules)


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
