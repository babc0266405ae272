"""Report: the findings of one run as text, HTML, JSON and plots. No arithmetic beyond formatting."""

from lossdoctor.report.json import load_report
from lossdoctor.report.report import ACTIONS, Report

__all__ = ["ACTIONS", "Report", "load_report"]
