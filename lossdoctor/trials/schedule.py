"""Which trial is made when, within the time there is; a trial that fails becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lossdoctor.record import Record
from lossdoctor.remedies.base import Remedy
from lossdoctor.trials.clock import Clock
from lossdoctor.trials.first_nonfinite import first_nonfinite
from lossdoctor.trials.random_state import undisturbed
from lossdoctor.trials.replays import make_player, rate_of, replays
from lossdoctor.trials.separate import one_batch, zero_inputs
from lossdoctor.trials.stability import stability
from lossdoctor.trials.subject import Subject

Progress = Callable[[int, int, str], None]


def carry_out(
    subject: Subject, record: Record, candidates: Sequence[tuple[str, Remedy]], seconds: float, progress: Progress
) -> dict[str, Any]:
    """Makes the trials of `trials.run`, the most telling ones first; the replays take what time is left."""
    clock, missing = Clock(seconds), []
    lab: dict[str, Any] = {}

    def attempt(name: str, part: Callable[[], Any]) -> Any:
        try:
            return part()
        except Exception as error:  # a trial that fails must not cost the report
            missing.append(f"{name.replace('_', ' ')}: {_sentence(error)}")
            return None

    with undisturbed():
        found = attempt("first_nonfinite", lambda: first_nonfinite(subject, rate_of(record), clock))
        limit = attempt("stability", lambda: stability(subject, record, clock))
        player = attempt("replay", lambda: make_player(subject, record, clock))
        lab.update({k: v for k, v in {"first_nonfinite": found, "stability": limit}.items() if v is not None})
        if player is not None:
            for name, part in (("one_batch", one_batch), ("zero_inputs", zero_inputs)):
                result = attempt(name, lambda part=part: part(player))
                lab.update({} if result is None else {name: result})
            result = attempt("replay", lambda: replays(player, subject, candidates, clock, progress))
            lab.update({} if result is None else {"replay": result})
    return {**lab, "seconds": clock.spent, "not_run": missing}


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:300]
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
