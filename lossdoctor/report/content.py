"""Content: what a report says, whatever its form. Text, HTML, JSON and plots are made from it."""

from __future__ import annotations

from typing import Any

from lossdoctor.diagnosis import Diagnosis, Findings
from lossdoctor.record import Event, Record
from lossdoctor.report.wording import DONE
from lossdoctor.symptoms import Symptom

OMISSIONS = ("left-out", "internal-error")  # kinds of events that say what was not measured or failed


class Content:
    """A record, what was concluded from it, and what follows from the two.

    Args:
        record: everything that was measured.
        findings: what was concluded from it.
    """

    def __init__(self, record: Record, findings: Findings) -> None:
        self.record = record
        self.findings = findings

    @property
    def healthy(self) -> bool:
        """True only when enough was measured to say so; see `status`."""
        return self.findings.healthy

    @property
    def status(self) -> str:
        """Either "healthy", "unhealthy" (some diagnosis has severity "error" or "warning") or "inconclusive"."""
        return self.findings.status

    @property
    def inconclusive_because(self) -> tuple[str, ...]:
        """Sentences: what was missing for a verdict; empty unless the status is "inconclusive"."""
        return self.findings.inconclusive_because

    @property
    def verdict(self) -> str:
        """One sentence."""
        return self.findings.verdict

    @property
    def diagnoses(self) -> tuple[Diagnosis, ...]:
        """Causes, most likely first; at most three are loud, the rest has severity "info"."""
        return self.findings.diagnoses

    @property
    def symptoms(self) -> tuple[Symptom, ...]:
        """What is visibly so, whatever the cause."""
        return self.findings.symptoms

    @property
    def actions(self) -> tuple[Event, ...]:
        """What lossdoctor itself changed in the run: skipped updates, rollbacks, cuts of the rate."""
        return tuple(event for event in self.record.events if event.kind in DONE)

    def worst_rows(self, n: int = 8) -> list[dict[str, Any]]:
        """Returns the rows of the sample with the highest loss, those not finite first; [] when it was not measured.

        Args:
            n: at most so many; eight are held.

        Returns:
            For each row: "row" (its number in the data as they came, from 0), "batch" (of that row, from 0; None when
            the batch size is not known), "loss", and "input", "target" and "output": a summary for each array of that
            row, with "shape" and its "values" or the "first" of them.

        Raises:
            ValueError: `n` is below 1.
        """
        if n < 1:
            raise ValueError(f"n={n!r}: pass how many rows you want, at least 1")
        worst = self.record.experiments.get("row_losses", {}).get("worst", ())
        size = self.record.setup.batch_size
        return [{**row, "batch": row["row"] // size if size else None} for row in worst[:n]]

    @property
    def checked(self) -> tuple[str, ...]:
        """Short phrases: what was checked and is fine."""
        return self.findings.checked

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Sentences: what could not be checked and why, and what was left out when the logs were loaded."""
        omitted = [e.text for e in self.record.events if e.kind in OMISSIONS]
        return self.findings.unchecked + tuple(t for t in omitted if t not in self.findings.unchecked)
