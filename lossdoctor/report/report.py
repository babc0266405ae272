"""Report: what a person reads, shares and acts on. It adds to its content the forms that it can take."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

from lossdoctor.diagnosis import Findings
from lossdoctor.record import Record
from lossdoctor.report.content import Content
from lossdoctor.report.files import write
from lossdoctor.report.html_page import fragment, page, preformatted
from lossdoctor.report.json_document import dumps, load
from lossdoctor.report.plots import overview
from lossdoctor.report.text import MORE, headline, plain, show

if TYPE_CHECKING:
    import keras
    from matplotlib.figure import Figure

SUFFIXES = (".json", ".html", ".txt")


class Report(Content):
    """What was found in one run.

    `LossDoctor.report`, `diagnose`, `checkup` and `load_report` give one. `print(report)` prints it as text;
    a notebook shows it as HTML.

    Args:
        record: everything that was measured.
        findings: what was concluded from it.
        repair: makes the repaired model; None when the model is not at hand (a saved run, bare logs).

    Example:
        >>> import lossdoctor
        >>> report = lossdoctor.diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]})
        >>> report.healthy
        False
        >>> report.diagnoses[0].severity
        'error'
    """

    def __init__(
        self, record: Record, findings: Findings, *, repair: Callable[[], keras.Model] | None = None
    ) -> None:
        super().__init__(record, findings)
        self._repair = repair
        self._saved: dict[str, str] = {}

    @property
    def saved(self) -> tuple[str, ...]:
        """Paths that this report was written to, in the order of writing."""
        return tuple(self._saved.values())

    def to_text(self, *, width: int = 88, full: bool | None = None) -> str:
        """Returns the report as plain text, wrapped at `width` columns. It raises nothing.

        Args:
            width: number of columns, at least 40.
            full: True for every part, False for the one line of a healthy run; None (the default)
                gives the line when the run is healthy and every part when it is not.

        Example:
            >>> import lossdoctor
            >>> report = lossdoctor.diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]})
            >>> report.to_text(full=False).startswith("LossDoctor: UNHEALTHY.")
            True
        """
        return plain(self, width=width, full=full, more=self._where(MORE))

    def to_html(self, path: str | os.PathLike[str] | None = None) -> str:
        """Returns the report as one self-contained HTML page and writes it to `path`, if given.

        Raises:
            ImportError: jinja2 or matplotlib is missing (`pip install "lossdoctor[report]"`).
            ValueError: `path` cannot be written.

        Example:
            >>> import lossdoctor
            >>> report = lossdoctor.diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]})
            >>> report.to_html()[:15]
            '<!doctype html>'
        """
        return self._save(page(self), path)

    def to_json(self, path: str | os.PathLike[str] | None = None) -> str:
        """Returns the report as strict JSON (report/schema.json) and writes it to `path`, if given.

        Raises:
            ValueError: `path` cannot be written.

        Example:
            >>> import json, lossdoctor
            >>> report = lossdoctor.diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]})
            >>> json.loads(report.to_json())["healthy"]
            False
        """
        return self._save(dumps(self), path)

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the report to `path` in the form that its ending says: .json, .html or .txt.

        Raises:
            ImportError: the ending is .html, and jinja2 or matplotlib is missing.
            ValueError: another ending, or `path` cannot be written.

        Example:
            >>> import os, tempfile, lossdoctor
            >>> report = lossdoctor.diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]})
            >>> with tempfile.TemporaryDirectory() as folder:
            ...     report.save(os.path.join(folder, "report.txt"))
            ...     os.listdir(folder)
            ['report.txt']
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
        self, path: str | os.PathLike[str] | None = None, *, full: bool | None = None, more: str = MORE
    ) -> None:
        """Prints the report: in colour on a terminal, plain elsewhere. It raises nothing of its own.

        Args:
            path: where the full report was saved, if it was.
            full: as for `to_text`.
            more: how to get the full report, said when it was not saved.

        Example:
            >>> import lossdoctor
            >>> lossdoctor.diagnose({"loss": [2.3, 1.1, 0.6, 0.4, 0.35]}).print()  # doctest: +ELLIPSIS
            LossDoctor: HEALTHY. ...
        """
        if path is not None:
            self._saved.setdefault(os.path.realpath(path), str(path))
        show(self, full=full, more=self._where(more))

    def plot(self) -> Figure:
        """Returns a matplotlib Figure: loss, learning rate and gradient norm with every mark.

        Raises:
            ImportError: matplotlib is missing (`pip install "lossdoctor[report]"`).

        Example:
            >>> import lossdoctor
            >>> figure = lossdoctor.diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]}).plot()
            >>> [axes.get_ylabel() for axes in figure.axes]
            ['loss']
        """
        return overview(self)

    def repaired_model(self) -> keras.Model:
        """Returns a fresh, compiled, untrained keras.Model with the applicable top remedies applied.

        Raises:
            ValueError: the model is not at hand, or nothing that was found can be applied to it.

        Example:
            >>> import keras, lossdoctor
            >>> model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="softmax")])
            >>> model.compile("adam", "binary_crossentropy")
            >>> report = lossdoctor.diagnose({"loss": [8.1, 8.0, 8.0, 8.0, 8.0]}, model=model)
            >>> report.repaired_model().layers[-1].activation.__name__
            'sigmoid'
        """
        if self._repair is None:
            raise ValueError(
                "this report has no model to repair: it comes from a saved run or from bare logs; "
                "train with callbacks=[LossDoctor()] and call report.repaired_model() there, or call "
                "report.diagnoses[0].remedies[0].apply(model) with your compiled model"
            )
        return self._repair()

    def _where(self, otherwise: str) -> str:
        """Returns where the full report lies; `otherwise` when it was not saved."""
        return ", ".join(self.saved) or otherwise

    def _save(self, text: str, path: str | os.PathLike[str] | None) -> str:
        if path is not None:
            self._saved[str(write(path, text))] = str(path)
        return text

    def _repr_html_(self) -> str:
        try:
            return fragment(self)
        except ImportError as error:
            return preformatted(self.to_text(full=True), str(error))

    def __str__(self) -> str:
        return self.to_text()

    def __repr__(self) -> str:
        return f"<Report: {headline(self)}>"


def load_report(path: str | os.PathLike[str]) -> Report:
    """Returns the report saved at `path` by `Report.to_json`. It has no model to repair.

    Raises:
        ValueError: no such file, or it holds something else; the message names the file.

    Example:
        >>> import os, tempfile, lossdoctor
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = os.path.join(folder, "report.json")
        ...     lossdoctor.diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]}).save(path)
        ...     lossdoctor.load_report(path).healthy
        False
    """
    record, findings = load(path)
    return Report(record, findings)
