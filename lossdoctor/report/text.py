"""Report to plain text, and to a terminal in colour. One layout, two ways to print it."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, TextIO

from lossdoctor.diagnosis import Diagnosis
from lossdoctor.report.format import clean, done, number, seconds, sentence

if TYPE_CHECKING:
    from lossdoctor.report.report import Report

NARROWEST, WIDEST, PIPED = 40, 100, 88  # columns; longer lines than 100 are hard to follow
INDENT = "   "
LABEL = 10  # width of "Change:   "
EVIDENCE, AGAINST = 4, 2  # strongest sentences that are printed; HTML and JSON have all
MORE = "report.to_html('report.html')"  # how to get the full report, in Python
MANY = 5  # so many actions or further symptoms are listed, the rest is counted


@dataclass(frozen=True)
class Line:
    """A paragraph before wrapping. `hang` is put before every line but the first; `code` is not wrapped."""

    text: str
    style: str = ""
    first: str = ""
    hang: str = ""
    code: bool = False

    def wrapped(self, width: int) -> list[str]:
        if self.code or not self.text:
            return [f"{self.first}{self.text}".rstrip()]
        return textwrap.wrap(
            self.text, width, initial_indent=self.first, subsequent_indent=self.hang, break_on_hyphens=False
        )


def plain(report: Report, *, width: int = PIPED, full: bool | None = None, more: str = MORE) -> str:
    """Returns the report as text of at most `width` columns (code and long words may stand out)."""
    width = max(width, NARROWEST)
    return "\n".join(row for line in layout(report, width, full, more) for row in line.wrapped(width))


def show(report: Report, file: TextIO | None = None, *, full: bool | None = None, more: str = MORE) -> None:
    """Prints the report: in colour and to the terminal's width on a terminal, plain elsewhere."""
    file = file or sys.stdout
    if not file.isatty():
        print(plain(report, full=full, more=more), file=file)
        return
    from rich.console import Console
    from rich.text import Text

    width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))
    console = Console(file=file, highlight=False, soft_wrap=True)
    for line in layout(report, width, full, more):
        for row in line.wrapped(width):
            console.print(Text(row, style=line.style))


def layout(report: Report, width: int, full: bool | None = None, more: str = MORE) -> Iterator[Line]:
    """Yields the report's paragraphs in reading order."""
    style = "bold green" if report.healthy else "bold red"
    yield Line(clean(f"LossDoctor: {headline(report)}"), style, hang=INDENT)
    if full is None:
        full = not report.healthy
    if not full:
        return
    yield Line("")
    for rank, diagnosis in enumerate(report.findings.loud, 1):
        yield from _diagnosis(rank, diagnosis, width)
    for label, text in _closing(report, more):
        yield Line(clean(text), first=f"{label} ", hang=INDENT)


def headline(report: Report) -> str:
    """Returns the verdict with the word that everybody looks for in front."""
    state = "HEALTHY" if report.healthy else "UNHEALTHY"
    verdict = sentence(report.verdict)
    return verdict if verdict.startswith(state) else f"{state}. {verdict}"


def _diagnosis(rank: int, diagnosis: Diagnosis, width: int) -> Iterator[Line]:
    style = "bold red" if diagnosis.severity == "error" else "bold yellow"
    yield from _heading(rank, diagnosis, width, style)
    checks = {remedy.verified for remedy in diagnosis.remedies}  # told below, where they belong
    for text in [t for t in diagnosis.evidence if t not in checks][:EVIDENCE]:
        yield Line(clean(sentence(text)), first=INDENT, hang=INDENT)
    for text in [t for t in diagnosis.against if t not in checks][:AGAINST]:
        yield _labelled("Against:", sentence(text), "dim")
    for remedy in diagnosis.remedies[:1]:
        if remedy.code:
            yield from _code(remedy.code)
        else:
            yield _labelled("Change:", sentence(remedy.summary), "cyan")
        if remedy.verified:
            yield _labelled("Checked:", sentence(remedy.verified), "green" if remedy.confirmed else "")
    for remedy in diagnosis.remedies[1:2]:
        yield _labelled("Or:", sentence(remedy.summary))
    yield Line("")


def _heading(rank: int, diagnosis: Diagnosis, width: int, style: str) -> Iterator[Line]:
    left = clean(f"{rank}. {diagnosis.title}")
    right = f"{diagnosis.code}  confidence {diagnosis.confidence:.2f}"
    gap = width - len(left) - len(right)
    if gap >= 2:
        yield Line(left + " " * gap + right, style, code=True)
    else:
        yield Line(left, style, hang=INDENT)
        yield Line(right, style, first=INDENT)


def _labelled(label: str, text: str, style: str = "") -> Line:
    return Line(clean(text), style, first=f"{INDENT}{label:<{LABEL}}", hang=INDENT + " " * LABEL)


def _code(code: str) -> Iterator[Line]:
    """Never wrapped: it is there to be copied."""
    for index, row in enumerate(clean(code).splitlines()):
        yield Line(row, "cyan", first=f"{INDENT}{'' if index else 'Change:':<{LABEL}}", code=True)


def _closing(report: Report, more: str) -> Iterator[tuple[str, str]]:
    also = _also_seen(report)
    if also:
        yield "Also seen:", " ".join(also)
    if report.actions:
        yield "Changed by lossdoctor:", " ".join(_actions(report))
    if report.checked:
        yield "Checked and fine:", sentence(", ".join(report.checked))
    if report.unchecked:
        yield "Could not check:", " ".join(sentence(t) for t in report.unchecked)
    if report.findings.notes:
        yield "Worth knowing:", " ".join(sentence(t) for t in report.findings.notes)
    if report.record.cost:
        yield "Cost:", sentence(", ".join(f"{k} {seconds(v)}" for k, v in report.record.cost.items()))
    yield "Full report:", ", ".join(report.saved) or more


def _also_seen(report: Report) -> list[str]:
    quiet = [d for d in report.diagnoses if d not in report.findings.loud]
    told = [f"{d.title} ({d.code}, confidence {number(d.confidence, 2)})." for d in quiet]
    said = report.verdict + " ".join(t for d in report.diagnoses for t in d.evidence)
    symptoms = [s for s in report.symptoms if s.alarming and s.text and s.text.rstrip(".") not in said]
    told += [sentence(s.text) for s in symptoms[:MANY]]
    return told + ([f"And {len(symptoms) - MANY} more symptoms."] if len(symptoms) > MANY else [])


def _actions(report: Report) -> list[str]:
    told = [done(a) for a in report.actions[:MANY]]
    more = len(report.actions) - MANY
    return told + ([f"And {more} more times."] if more > 0 else [])
