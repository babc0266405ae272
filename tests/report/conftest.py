"""Two reports that most tests here read: of a sick run and of a healthy one."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

# Under import-mode=importlib the folder is not on the path; the factory is shared by name.
sys.path.insert(0, str(Path(__file__).parent))

from report_factory import make_findings, make_record

from lossdoctor.diagnosis import Findings
from lossdoctor.report import Report


@pytest.fixture
def sick() -> Report:
    """A run that became NaN at step 7, with two loud causes and one that is also seen."""
    return Report(make_record(), make_findings())


@pytest.fixture
def well() -> Report:
    """A run whose loss fell throughout."""
    findings = Findings("healthy", "The loss fell from 1.1 to 0.05 in 10 epochs.", checked=("labels", "loss"))
    return Report(make_record(diverge_at=None), findings)
