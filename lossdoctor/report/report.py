"""Report: what a person reads, shares and acts on. It holds; text, html, json and plots draw."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from lossdoctor.diagnosis import Diagnosis, Findings
from lossdoctor.record import Event, Record
from lossdoctor.report import files
from lossdoctor.report.format import DONE
from lossdoctor.symptoms import Symptom

OMISSIONS = ("left-out", "internal-error")  # kinds of events that say what could not be read or done
SUFFIXES = (".json", ".html", ".txt")


class Report:
    """What was found in one run.

    Args:
        record: everything that was measured.
        findings: what was concluded from it.
        repair: makes the repaired model; None when the model is not at hand (a saved run, bare logs).

    Example:
        >>> from lossdoctor.diagnosis import Findings
        >>> from lossdoctor.record import Record
        >>> Report(Record(), Findings(True, "The loss fell throughout."))
        <Report: HEALTHY. The loss fell throughout.>
    """

    def __init__(
        self, record: Record, findings: Findings, *, repair: Callable[[], Any] | None = None
    ) -> None:
        self.record = record
        self.findings = findings
        self._repair = repair
        self._saved: dict[str, str] = {}

    @property
    def healthy(self) -> bool:
        """False exactly when some diagnosis has severity "error" or "warning"."""
        return self.findings.healthy

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

    @property
    def checked(self) -> tuple[str, ...]:
        """Short phrases: what was looked at and is fine."""
        return self.findings.checked

    @property
    def unchecked(self) -> tuple[str, ...]:
        """Sentences: what could not be checked and why, with what was left out on reading."""
        told = [e.text for e in self.record.events if e.kind in OMISSIONS]
        return self.findings.unchecked + tuple(t for t in told if t not in self.findings.unchecked)

    @property
    def saved(self) -> tuple[str, ...]:
        """Paths that this report was written to, in the order of writing."""
        return tuple(self._saved.values())

    def to_text(self, *, width: int = 88, full: bool | None = None) -> str:
        """Returns the report as plain text, wrapped at `width` columns.

        Args:
            width: number of columns, at least 40.
            full: True for every part, False for the one line of a healthy run; None (the default)
                gives the line when the run is healthy and every part when it is not.
        """
        from lossdoctor.report import text

        return text.plain(self, width=width, full=full)

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """Returns the report as one self-contained HTML page and writes it to `path`, if given.

        Raises:
            ImportError: jinja2 or matplotlib is missing (`pip install "lossdoctor[report]"`).
            ValueError: `path` cannot be written.
        """
        from lossdoctor.report import html

        return self._save(html.page(self), path)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Returns the report as strict JSON (report/schema.json) and writes it to `path`, if given.

        Raises:
            ValueError: `path` cannot be written.
        """
        from lossdoctor.report import json

        return self._save(json.dumps(self), path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the report to `path` in the form that its ending says: .json, .html or .txt.

        Raises:
            ValueError: another ending, or `path` cannot be written.
        """
        suffix = os.path.splitext(path)[1].lower()
        if suffix not in SUFFIXES:
            raise ValueError(f"cannot tell the form of report {str(path)!r}: end it in .json, .html or .txt")
        if suffix == ".json":
            self.to_json(path)
        elif suffix == ".html":
            self.to_html(path)
        else:
            self._save(self.to_text(full=True) + "\n", path)

    def print(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        full: bool | None = None,
        more: str = "report.to_html('report.html')",
    ) -> None:
        """Prints the report: in colour on a terminal, plain elsewhere.

        Args:
            path: where the full report was saved, if it was.
            full: as for `to_text`.
            more: how to get the full report, said when it was not saved.
        """
        from lossdoctor.report import text

        if path is not None:
            self._saved.setdefault(os.path.realpath(path), str(path))
        text.show(self, full=full, more=more)

    def plot(self) -> Any:
        """Returns a matplotlib Figure: loss, learning rate and gradient norm with every mark.

        Raises:
            ImportError: matplotlib is missing (`pip install "lossdoctor[report]"`).
        """
        from lossdoctor.report import plots

        return plots.overview(self)

    def repaired_model(self) -> Any:
        """Returns a fresh, compiled, untrained keras.Model with the applicable top remedies applied.

        Raises:
            ValueError: the model is not at hand, or nothing that was found can be applied to it.
        """
        if self._repair is None:
            raise ValueError(
                "this report has no model to repair: it comes from a saved run or from bare logs; "
                "train with callbacks=[LossDoctor()] and call report.repaired_model() there, or call "
                "report.diagnoses[0].remedies[0].apply(model) with your compiled model"
            )
        return self._repair()

    def _save(self, text: str, path: str | os.PathLike[str] | None) -> str:
        if path is not None:
            self._saved[str(files.write(path, text))] = str(path)
        return text

    def _repr_html_(self) -> str:
        from lossdoctor.report import html

        return html.fragment(self)

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        from lossdoctor.report import text

        return f"<Report: {text.headline(self)}>"
