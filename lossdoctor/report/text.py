"""Report to plain text, and to a terminal in colour; and what is said in one line during training."""

from __future__ import annotations

import shutil
import sys
import textwrap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TextIO

from lossdoctor.diagnosis import Diagnosis
from lossdoctor.record import Event
from lossdoctor.remedies import Remedy
from lossdoctor.report.content import Content
from lossdoctor.report.wording import clean, done, number, placed, seconds, sentence, shorten
from lossdoctor.symptoms import Symptom

NARROWEST, WIDEST, PIPED = 40, 100, 88  # columns; longer lines than 100 are hard to follow
STATUS_STYLES = {"healthy": "bold green", "unhealthy": "bold red", "inconclusive": "bold yellow"}
INDENT = "   "
LABEL = 10  # width of "Change:   "
EVIDENCE, AGAINST = 4, 2  # strongest sentences that are printed; HTML and JSON have all
MORE = "report.to_html('report.html')"  # how to get the full report, in Python
LIVE = 240  # characters of a line during training: three rows of a usual terminal
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


def plain(content: Content, *, width: int = PIPED, full: bool | None = None, more: str = MORE) -> str:
    """Returns the report as text of at most `width` columns (code and long words may stand out)."""
    width = max(width, NARROWEST)
    return "\n".join(row for line in layout(content, width, full, more) for row in line.wrapped(width))


def show(content: Content, file: TextIO | None = None, *, full: bool | None = None, more: str = MORE) -> None:
    """Prints the report: in colour and to the terminal's width on a terminal, plain elsewhere."""
    file = file or sys.stdout
    if not file.isatty():
        print(plain(content, full=full, more=more), file=file)
        return
    from rich.console import Console
    from rich.text import Text

    width = max(NARROWEST, min(shutil.get_terminal_size().columns, WIDEST))
    console = Console(file=file, highlight=False, soft_wrap=True)
    for line in layout(content, width, full, more):
        for row in line.wrapped(width):
            console.print(Text(row, style=line.style))


def layout(content: Content, width: int, full: bool | None = None, more: str = MORE) -> Iterator[Line]:
    """Yields the report's paragraphs in reading order."""
    style = STATUS_STYLES[content.status]
    yield Line(clean(f"LossDoctor: {headline(content)}"), style, hang=INDENT)
    if full is None:
        full = not content.healthy
    if not full:
        return
    yield Line("")
    for rank, diagnosis in enumerate(content.findings.loud, 1):
        yield from _diagnosis(rank, diagnosis, width)
    for label, text in _closing(content, more):
        yield Line(clean(text), first=f"{label} ", hang=INDENT)


def headline(content: Content) -> str:
    """Returns the verdict with the status in capitals in front."""
    state = content.status.upper()
    verdict = sentence(content.verdict)
    return verdict if verdict.startswith(state) else f"{state}. {verdict}"


def _diagnosis(rank: int, diagnosis: Diagnosis, width: int) -> Iterator[Line]:
    style = "bold red" if diagnosis.severity == "error" else "bold yellow"
    yield from _heading(rank, diagnosis, width, style)
    checks = {remedy.verified for remedy in diagnosis.remedies}  # printed below, where they belong
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
            yield _labelled("Tried it:", tried(remedy), "green" if remedy.confirmed else "")
    for remedy in diagnosis.remedies[1:2]:
        yield _labelled("Or:", sentence(remedy.summary))
    yield Line("")


def tried(remedy: Remedy) -> str:
    """Returns what a replay came to, in words and with its numbers."""
    outcomes = {"helped": "It helped", "no effect": "It had no effect", "worse": "It made it worse"}
    older = {
        True: "It helped",
        False: "It did not help",
        None: "It was tried",
    }  # reports of 0.1.0 knew no outcome
    return f"{outcomes.get(remedy.outcome or '', older[remedy.confirmed])}: {sentence(remedy.verified or '')}"


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


def _closing(content: Content, more: str) -> Iterator[tuple[str, str]]:
    also = _also_seen(content)
    if also:
        yield "Other findings:", " ".join(also)
    if content.actions:
        yield "Changed by lossdoctor:", " ".join(_actions(content))
    if content.checked:
        yield "No problem found in:", sentence(", ".join(content.checked))
    if content.unchecked:
        yield "Not checked:", " ".join(sentence(t) for t in content.unchecked)
    if content.findings.notes:
        yield "Tips:", " ".join(sentence(t) for t in content.findings.notes)
    if content.record.cost:
        yield "Cost:", sentence(", ".join(f"{k} {seconds(v)}" for k, v in content.record.cost.items()))
    yield "Full report:", more


def _also_seen(content: Content) -> list[str]:
    quiet = [d for d in content.diagnoses if d not in content.findings.loud]
    found = [f"{d.title} ({d.code}, confidence {number(d.confidence, 2)})." for d in quiet]
    above = content.verdict + " ".join(t for d in content.diagnoses for t in d.evidence)
    symptoms = [s for s in content.symptoms if s.alarming and s.text and s.text.rstrip(".") not in above]
    found += [sentence(s.text) for s in symptoms[:MANY]]
    return found + ([f"And {len(symptoms) - MANY} more symptoms."] if len(symptoms) > MANY else [])


def _actions(content: Content) -> list[str]:
    listed = [done(a) for a in content.actions[:MANY]]
    more = len(content.actions) - MANY
    return listed + ([f"And {more} more times."] if more > 0 else [])


def live_line(finding: Symptom | Diagnosis | Event) -> str:
    """Returns one line for a new finding or for something that lossdoctor did.

    >>> live_line(Symptom("loss-nonfinite", text="The loss became NaN", step=6, epoch=0))
    'LossDoctor: The loss became NaN (epoch 1, step 7).'
    """
    if isinstance(finding, Diagnosis):
        return _cut(_in_short(finding))
    if isinstance(finding, Event):
        return _cut(done(finding))
    text = finding.text or finding.name
    return _cut(placed(text, finding.step, finding.epoch))


def _in_short(finding: Diagnosis) -> str:
    remedy = finding.remedies[0] if finding.remedies else None
    change = f" Change: {remedy.code or remedy.summary}" if remedy else ""
    evidence = f" {sentence(finding.evidence[0])}" if finding.evidence else ""
    title = f"{finding.title} ({finding.code}, confidence {finding.confidence:.2f})."
    return f"{title}{evidence}{change}"


def _cut(text: str) -> str:
    return "LossDoctor: " + shorten(clean(text), LIVE)
