"""Report: the findings of one run as text, HTML, JSON and plots. No arithmetic beyond formatting."""

from lossdoctor.report.report import Report, load_report

__all__ = ["Report", "load_report"]
