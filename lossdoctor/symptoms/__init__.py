"""Symptoms: what is visibly so in a record. Pure functions Record -> Symptom | None, one file a signal.

`DETECTORS` is written out by hand; a test holds that every detector in this folder is in it.
"""

from __future__ import annotations

from lossdoctor.record import Record
from lossdoctor.symptoms.base import Detector, Symptom

DETECTORS: dict[str, Detector] = {}


def observe(record: Record) -> dict[str, Symptom]:
    """Returns the symptoms that `record` shows, by name, in the order of `DETECTORS`."""
    seen = ((name, detect(record)) for name, detect in DETECTORS.items())
    return {name: symptom for name, symptom in seen if symptom is not None}


__all__ = ["DETECTORS", "Symptom", "observe"]
