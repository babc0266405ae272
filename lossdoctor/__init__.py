"""lossdoctor: finds out why a Keras loss goes wrong, says what to change, and saves the run on request.

The public names load on first use, so `import lossdoctor` (and the command line on a saved run) never
loads TensorFlow.

- To use: `LossDoctor` and `LRBackoff` (callbacks of `model.fit`), `checkup` (before training), `diagnose`
  (after training, from logs), `find_learning_rate`, `load_report`.
- What they hand out: `Report` with its `Diagnosis` and `Symptom` objects, the `Remedy` objects of each diagnosis,
  and the `Record` of what was measured with its `Event` objects.

Example:
    >>> import lossdoctor
    >>> report = lossdoctor.diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]})
    >>> isinstance(report, lossdoctor.Report), isinstance(report.record, lossdoctor.Record)
    (True, True)
    >>> all(isinstance(symptom, lossdoctor.Symptom) for symptom in report.symptoms)
    True
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
    from lossdoctor.record import Event as Event
    from lossdoctor.record import Record as Record
    from lossdoctor.remedies import Remedy as Remedy
    from lossdoctor.report import Report as Report
    from lossdoctor.report import load_report as load_report
    from lossdoctor.symptoms import Symptom as Symptom

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
    "Record": "lossdoctor.record",
    "Event": "lossdoctor.record",
    "Symptom": "lossdoctor.symptoms",
}

__all__ = [
    "Diagnosis",
    "Event",
    "LRBackoff",
    "LossDoctor",
    "Record",
    "Remedy",
    "Report",
    "Symptom",
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
