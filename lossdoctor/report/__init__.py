"""Report: the findings of one run as text, HTML, JSON and plots. No arithmetic beyond formatting."""

from lossdoctor.report.json import load_report
from lossdoctor.report.report import Report

__all__ = ["Report", "load_report"]
