"""The plots of a report, each with a sentence that says what to see in it."""

from lossdoctor.report.plots.curves import Mark, marks
from lossdoctor.report.plots.sheets import overview, plots

__all__ = ["Mark", "marks", "overview", "plots"]
