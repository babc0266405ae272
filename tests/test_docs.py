"""The documentation holds: generated pages are fresh, every snippet runs, every link leads somewhere.

In README.md and docs/*.md, in order of the page and in one namespace and one folder per page:

- a ```python block is run; `<!-- not run: REASON -->` on the line above leaves it out;
- an HTML comment that begins with `<!--python` is run too, unseen by the reader (data for a snippet);
- in a ```console block each line after `$ ` is a command: `lossdoctor ...` is run and must not end in
  exit code 2, `make X` must be a target, `pip install` must name what pyproject.toml knows;
- a ```text block under `<!-- printed -->` is a copy of the report that the page printed last: it must be as
  healthy, have the same cause first, and name no cause that is not in it (numbers differ by machine).
  `make printed` writes the copies again.
"""

from __future__ import annotations

import doctest
import importlib
import os
import re
import shlex
from dataclasses import dataclass
from pathlib import Path

import pytest

from lossdoctor import catalogue
from lossdoctor.causes import CAUSES
from lossdoctor.cli import main as cli

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [ROOT / "README.md", *sorted(DOCS.glob("*.md"))]
ALL_PAGES = [*PAGES, ROOT / "CHANGELOG.md", *sorted((DOCS / "causes").glob("*.md"))]

BLOCK = re.compile(
    r"(?:^<!-- (?P<note>[^\n]*) -->\n)?^(?P<fence>```|<!--)(?P<kind>\w+)\n(?P<text>.*?)^(?:```|-->)$",
    re.MULTILINE | re.DOTALL,
)
CODE = re.compile(r"\bLD\d{3}\b")
REPORT = re.compile(r"^LossDoctor: (?:UN)?HEALTHY.*?^Full report: [^\n]*", re.MULTILINE | re.DOTALL)
WRITE = "LOSSDOCTOR_WRITE_COPIES" in os.environ
LINK = re.compile(r"\]\(([^)\s]+)\)")


@dataclass(frozen=True)
class Block:
    kind: str
    text: str
    note: str
    line: int


def blocks(page: Path) -> list[Block]:
    """Returns the fenced blocks and hidden python comments of a page, in order."""
    text = page.read_text(encoding="utf-8")
    return [
        Block(m["kind"], m["text"], m["note"] or "", text.count("\n", 0, m.start("text")) + 1)
        for m in BLOCK.finditer(text)
    ]


def name(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


RUNNABLE = [p for p in PAGES if any(b.kind in ("python", "console") for b in blocks(p))]


@pytest.mark.fit
@pytest.mark.parametrize("page", RUNNABLE, ids=name)
def test_snippets_run(page, tmp_path, monkeypatch, capsys):
    """Every snippet of the page runs as it stands, and prints what the page says it prints."""
    monkeypatch.chdir(tmp_path)
    namespace: dict = {"__name__": "__main__"}
    printed = ""
    for block in blocks(page):
        place = f"{name(page)}:{block.line}"
        if block.note.startswith("not run: "):
            continue
        if block.kind == "python":
            exec(compile("\n" * (block.line - 1) + block.text, name(page), "exec"), namespace)
        elif block.kind == "console":
            run_commands(block.text, place)
        printed += capsys.readouterr().out
        if block.kind == "text" and block.note == "printed":
            if WRITE:
                write_copy(page, block, printed)
            else:
                assert_same_findings(block.text, printed, place)
            printed = ""


def run_commands(text: str, place: str) -> None:
    for line in re.findall(r"^\$ (.*)$", text, re.MULTILINE):
        words = shlex.split(line, comments=True)
        if words[0] == "lossdoctor":
            assert cli(words[1:]) in (0, 1), f"{place}: {line}"
        elif words[0] == "make":
            assert re.search(rf"^{words[1]}:", (ROOT / "Makefile").read_text(), re.MULTILINE), (
                f"{place}: {line}"
            )
        elif words[:2] == ["pip", "install"] or words[1:4] == ["-m", "pip", "install"]:
            assert_known_to_pip(words, place)
        else:
            assert words[0] in ("git", "cd", "python", "python3", "source"), f"{place}: cannot check {line!r}"
            assert all((ROOT / w).exists() for w in words[1:] if w.endswith(".py")), f"{place}: {line}"


def assert_known_to_pip(words: list[str], place: str) -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for extra in re.findall(r"\[(\w+)\]", " ".join(words)):
        assert re.search(rf"^{extra} = \[", project, re.MULTILINE), f"{place}: no extra [{extra}]"


def assert_same_findings(shown: str, printed: str, place: str) -> None:
    told, now = CODE.findall(shown), CODE.findall(printed)
    assert ("UNHEALTHY" in shown) == ("UNHEALTHY" in printed), f"{place}: printed now:\n{printed}"
    assert told[:1] == now[:1] and set(told) <= set(now), f"{place}: printed now:\n{printed}"


def write_copy(page: Path, block: Block, printed: str) -> None:
    """Puts the report that was just printed in the place of the page's copy of it."""
    text = page.read_text(encoding="utf-8")
    page.write_text(text.replace(block.text, REPORT.findall(printed)[-1] + "\n"), encoding="utf-8")


def test_generated_pages_are_fresh():
    """docs/causes/ and docs/losses.md are what the code would write now."""
    assert catalogue.stale(DOCS) == [], "run `make docs`"


def test_stale_pages_are_noticed(tmp_path):
    """A page that was edited, one that is missing and one of no cause are all called stale, and mended."""
    catalogue.write(tmp_path)
    edited, gone = tmp_path / "losses.md", tmp_path / "causes" / f"{CAUSES[0].id}.md"
    edited.write_text(edited.read_text() + "by hand\n")
    gone.unlink()
    (tmp_path / "causes" / "no-such-cause.md").write_text("old\n")
    wrong = {"losses.md", f"causes/{CAUSES[0].id}.md", "causes/no-such-cause.md"}
    assert set(catalogue.stale(tmp_path)) == wrong
    assert catalogue.main([str(tmp_path), "--check"]) == 1
    assert set(catalogue.write(tmp_path)) == wrong
    assert catalogue.main([str(tmp_path), "--check"]) == 0


def test_every_cause_has_a_page():
    """The folder holds one page per cause, and the index names each."""
    index = (DOCS / "causes" / "index.md").read_text(encoding="utf-8")
    for cause in CAUSES:
        assert (DOCS / "causes" / f"{cause.id}.md").exists()
        assert f"| {cause.code} | [{cause.id}]({cause.id}.md) |" in index


@pytest.mark.parametrize("page", ALL_PAGES, ids=name)
def test_links_lead_somewhere(page):
    """Each link to a file of the project exists, with the heading or anchor that it names."""
    for target in LINK.findall(page.read_text(encoding="utf-8")):
        if target.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name(page)}: {target}"
        assert not anchor or anchor in anchors(file), f"{name(page)}: {target}; there are {anchors(file)}"


def anchors(page: Path) -> set[str]:
    text = page.read_text(encoding="utf-8")
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    slugs = {re.sub(r"[^\w\- ]", "", h.lower()).strip().replace(" ", "-") for h in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', text))


@pytest.mark.parametrize("page", ALL_PAGES, ids=name)
def test_cause_ids_in_the_text_exist(page):
    """A cause code that a page mentions is one that `lossdoctor explain` knows."""
    known = {c.code for c in CAUSES} | {"LD000"}
    assert set(CODE.findall(page.read_text(encoding="utf-8"))) <= known


MODULES = [f for f in sorted((ROOT / "lossdoctor").rglob("*.py")) if ">>> " in f.read_text(encoding="utf-8")]


@pytest.mark.parametrize("file", MODULES, ids=name)
def test_docstring_examples_run(file):
    """Every example in a docstring prints what it says, unless it is marked to be skipped."""
    dotted = file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")
    module = importlib.import_module(dotted)
    assert any(t.examples for t in doctest.DocTestFinder().find(module)), "no docstring holds the example"
    assert doctest.testmod(module).failed == 0
