"""What is said while training goes on: one line per new finding, each once."""

from __future__ import annotations

from collections.abc import Collection

from lossdoctor.diagnosis import Diagnosis, Findings
from lossdoctor.record import Event
from lossdoctor.report.format import clean, done, placed, sentence, shorten
from lossdoctor.symptoms import Symptom

LIMIT = 240  # characters of a line: three rows of a usual terminal


def line(finding: Symptom | Diagnosis | Event) -> str:
    """Returns one line for a new finding or for something that lossdoctor did.

    >>> line(Symptom("loss-nonfinite", text="The loss became NaN", step=6, epoch=0))
    'LossDoctor: The loss became NaN (epoch 1, step 7).'
    """
    if isinstance(finding, Diagnosis):
        return _cut(_diagnosis(finding))
    if isinstance(finding, Event):
        return _cut(done(finding))
    text = finding.text or finding.name
    return _cut(placed(text, finding.step, finding.epoch))


def _diagnosis(finding: Diagnosis) -> str:
    remedy = finding.remedies[0] if finding.remedies else None
    change = f" Change: {remedy.code or remedy.summary}" if remedy else ""
    evidence = f" {sentence(finding.evidence[0])}" if finding.evidence else ""
    title = f"{finding.title} ({finding.code}, confidence {finding.confidence:.2f})."
    return f"{title}{evidence}{change}"


def _cut(text: str) -> str:
    return "LossDoctor: " + shorten(clean(text), LIMIT)


def news(findings: Findings, told: Collection[str]) -> tuple[tuple[str, ...], frozenset[str]]:
    """Returns the lines for what is alarming and not yet told, and the names told by now.

    Args:
        findings: the latest findings.
        told: names of symptoms and causes that have been printed in this run.
    """
    fresh = [s for s in findings.symptoms if s.alarming and s.name not in told]
    return tuple(line(s) for s in fresh), frozenset(told) | {s.name for s in fresh}
