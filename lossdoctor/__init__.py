"""lossdoctor: finds out why a Keras loss goes wrong, says what to change, and saves the run on request.

The public names load on first use, so `import lossdoctor` (and the command line on a saved run) never
loads TensorFlow.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lossdoctor.callbacks import LossDoctor as LossDoctor
    from lossdoctor.callbacks import LRBackoff as LRBackoff
    from lossdoctor.diagnosis import Diagnosis as Diagnosis
    from lossdoctor.experiments.find_rate import find_learning_rate as find_learning_rate
    from lossdoctor.fit.checkup import checkup as checkup
    from lossdoctor.posthoc import diagnose as diagnose
    from lossdoctor.remedies import Remedy as Remedy
    from lossdoctor.report import Report as Report
    from lossdoctor.report import load_report as load_report

__version__ = "0.1.0"

_HOMES = {
    "LossDoctor": "lossdoctor.callbacks",
    "LRBackoff": "lossdoctor.callbacks",
    "checkup": "lossdoctor.fit.checkup",
    "find_learning_rate": "lossdoctor.experiments.find_rate",
    "diagnose": "lossdoctor.posthoc",
    "Report": "lossdoctor.report",
    "load_report": "lossdoctor.report",
    "Diagnosis": "lossdoctor.diagnosis",
    "Remedy": "lossdoctor.remedies",
}

__all__ = [
    "Diagnosis",
    "LRBackoff",
    "LossDoctor",
    "Remedy",
    "Report",
    "checkup",
    "diagnose",
    "find_learning_rate",
    "load_report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'lossdoctor' has no attribute {name!r}; it has {', '.join(__all__)}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value  # the next access does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
