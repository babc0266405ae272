"""Symptoms and causes to a ranked list of diagnoses; the one place that turns weights into confidence."""

from __future__ import annotations

import math
from collections.abc import Collection
from dataclasses import dataclass, replace

from lossdoctor.causes import CAUSES, Cause, Facts
from lossdoctor.causes.base import Sign
from lossdoctor.record import Record
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom, observe

LOUD = 3  # at most so many causes are named loudly (DESIGN.md section 5)
NAMED = 0.5  # confidence from which a cause is named
ALSO_SEEN = 0.25  # below this a cause is not even mentioned
UNKNOWN = "unknown"


@dataclass(frozen=True)
class Diagnosis:
    """One cause, with how sure we are and why.

    Attributes:
        cause: kebab-case id, e.g. "learning-rate-too-high"; "unknown" when no cause explains the symptoms.
        code: e.g. "LD101".
        title: short phrase.
        confidence: 0 to 1, calibrated in benchmarks/ (docs/calibration.md).
        severity: "error" or "warning" for the loud ones, "info" for what is also seen.
        evidence: sentences with numbers that speak for it.
        against: sentences that speak against it.
        remedies: what to change, best first.
        references: where to read on.
    """

    cause: str
    code: str
    title: str
    confidence: float
    severity: str
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """Everything that was concluded from one record: what `Report` shows.

    `verdict` is one sentence. `diagnoses` are ranked: at most three loud ones (severity "error" or
    "warning"), then "info". `checked` are short phrases for what was looked at and is fine,
    `unchecked` sentences for what could not be checked and why.
    """

    healthy: bool
    verdict: str
    symptoms: tuple[Symptom, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    checked: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()

    @property
    def loud(self) -> tuple[Diagnosis, ...]:
        return tuple(d for d in self.diagnoses if d.severity in ("error", "warning"))
