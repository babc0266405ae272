"""Which trial is made when, within the time there is; a trial that fails becomes a sentence."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.first_nonfinite import first_nonfinite
from lossdoctor.experiments.one_batch import ONE_BATCH_STEPS, one_batch, pairs, zero_inputs
from lossdoctor.experiments.random_state import undisturbed
from lossdoctor.experiments.replay import Replayer
from lossdoctor.experiments.replays import make_player, replays
from lossdoctor.experiments.stability import stability
from lossdoctor.experiments.subject import Subject
from lossdoctor.record import Record
from lossdoctor.remedies.remedy import Remedy

CHEAP = 0.05  # share of the time that a separating test may take: replays tell more
Progress = Callable[[int, int, str], None]


def carry_out(
    subject: Subject,
    record: Record,
    candidates: Sequence[tuple[str, Remedy]],
    seconds: float,
    progress: Progress,
) -> dict[str, Any]:
    """Makes the trials of `trials.run`, the most telling ones first; the replays take what time is left."""
    clock, missing = Clock(seconds), []
    results: dict[str, Any] = {}

    def attempt(name: str, part: Callable[[], Any]) -> Any:
        try:
            return part()
        except Exception as error:  # a trial that fails must not cost the report
            missing.append(f"{name.replace('_', ' ')}: {_sentence(error)}")
            return None

    with undisturbed():
        player = attempt("replay", lambda: make_player(subject, record))
        if player is not None:
            ready = attempt("replay", lambda: player.start(clock) or True)
            # What the rules need comes first, whatever the clock; the replays of remedies take what time is left.
            found = attempt("first_nonfinite", lambda: first_nonfinite(subject, player.bench))
            results["first_nonfinite"], results["gradient_path"] = (
                found,
                (found or {}).pop("gradient_path", None),
            )
            if ready and player.rows.y is not None:
                results["pairs"] = attempt("pairs", lambda: pairs(player))
            results["stability"] = attempt(
                "stability", lambda: stability(subject, record, clock, player.bench)
            )
            if ready:
                results |= (
                    attempt("replay", lambda: trained(player, subject, candidates, clock, progress)) or {}
                )
    made = {name: result for name, result in results.items() if result is not None}
    return {**made, "seconds": clock.spent, "not_run": missing}


def trained(
    player: Replayer,
    subject: Subject,
    candidates: Sequence[tuple[str, Remedy]],
    clock: Clock,
    progress: Progress,
) -> dict[str, Any]:
    """Returns the trials that train: replays, and the two separating tests where they are cheap.

    Raises:
        ValueError: the model cannot train on the sample.
    """
    results: dict[str, Any] = {}
    for name, part in (("one_batch", one_batch), ("zero_inputs", zero_inputs)):
        if ONE_BATCH_STEPS * player.step_seconds < CHEAP * clock.seconds:
            results[name] = part(player)
    return {**results, "replay": replays(player, subject, candidates, clock, progress)}


def _sentence(error: Exception) -> str:
    text = " ".join(str(error).split())[:300]
    return text if isinstance(error, ValueError) else f"{type(error).__name__}: {text}"
