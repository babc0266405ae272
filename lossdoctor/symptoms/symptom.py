"""Symptom: one thing that is visibly so in a record, with its number and a sentence that says it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from lossdoctor.record import Record


@dataclass(frozen=True)
class Symptom:
    """What a detector saw.

    Attributes:
        name: kebab-case name, the key in `symptoms.DETECTORS`.
        value: the number that decided; its unit is in the detector's docstring.
        text: one sentence with its numbers, as the report prints it.
        step: index of the batch where it shows, from 0; None when it belongs to no step.
        epoch: index of the epoch, from 0.
        where: the layer, feature or variable meant.
        alarming: True when a run that shows it is sick whatever the cause; False when it is only a
            fact that causes weigh.
        details: further numbers for the causes, by name.

    Example:
        >>> Symptom("loss-rising", 2.6, "The loss rose to 2.6.", alarming=True).value
        2.6
    """

    name: str
    value: float = 1.0
    text: str = ""
    step: int | None = None
    epoch: int | None = None
    where: str | None = None
    alarming: bool = False
    details: dict[str, Any] = field(default_factory=dict)


Detector = Callable[[Record], "Symptom | None"]
