"""Which trial is made when, within the time there is; a trial that fails becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lossdoctor.record import Record
from lossdoctor.remedies.base import Remedy
from lossdoctor.trials.clock import Clock
from lossdoctor.trials.random_state import undisturbed
from lossdoctor.trials.replays import replays
from lossdoctor.trials.stability import stability
from lossdoctor.trials.subject import Subject

Progress = Callable[[int, int, str], None]


def carry_out(
    subject: Subject, record: Record, candidates: Sequence[tuple[str, Remedy]], seconds: float, progress: Progress
) -> dict[str, Any]:
    """Makes the trials of `trials.run`."""
    clock = Clock(seconds)
    lab: dict[str, Any] = {}
    missing: list[str] = []
    parts: dict[str, Callable[[], Any]] = {
        "stability": lambda: stability(subject, record, clock),
        "replay": lambda: replays(subject, record, candidates, clock, progress),
    }
    for name, part in parts.items():
        try:
            with undisturbed():
                result = part()
        except Exception as error:  # a trial that fails must not cost the report
            missing.append(f"{name.replace('_', ' ')}: {type(error).__name__}: {str(error)[:300]}")
            continue
        if result is not None:
            lab[name] = result
    return {**lab, "seconds": clock.spent, "not_run": missing}
