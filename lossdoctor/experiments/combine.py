"""Remedies together: best first, each taken only if it helps; half of the real faults need more than one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.replay import Replay, Replayer, outcome_of
from lossdoctor.remedies import Action

MOST_TOGETHER = 4
HELPS = 0.03  # further gain, on the scale of `score`, for which another change is worth making
ENOUGH = 0.9  # a score from which nothing more is looked for
RATE_ENOUGH = 0.7  # a faster rate is not tried from here: it helps few steps, and many may not bear it
# Rates tried on the best combination: the rate is the first thing to depend on all the others.
FACTORS = (3.0, 1 / 3, 10.0, 0.1, 30.0, 100.0)


@dataclass(frozen=True)
class Option:
    """A remedy that was replayed alone: its summary, its actions, what it came to."""

    summary: str
    actions: tuple[Action, ...]
    replay: Replay


def combine(player: Replayer, options: Sequence[Option], without: Replay, clock: Clock,
            reached: float | None) -> dict[str, Any] | None:  # fmt: skip
    """Returns the best combination found in the time, in the form of `Record.experiments["replay"]["combined"]`.

    None when no option came out better than the run as it was.
    """
    ranked = sorted(options, key=lambda o: -o.replay.score.value)
    chosen: list[Option] = []
    best = without
    for option in ranked:
        if len(chosen) == MOST_TOGETHER or best.score.value > ENOUGH:
            break
        if not player.fits(merged([*chosen, option]), clock.left):
            continue
        tried = _attempt(player, [*chosen, option])
        if tried is not None and tried.score.value > best.score.value + HELPS:
            chosen, best = [*chosen, option], tried
    actions, names = merged(chosen), [o.summary for o in chosen]
    actions, best, names = _tuned(player, actions, best, names, clock)
    if not names:
        return None
    found = outcome_of(best, without, reached)
    return {"remedies": names, "actions": list(actions), **best.as_dict(), "verdict": found}


def _attempt(player: Replayer, options: Sequence[Option]) -> Replay | None:
    try:
        return player.replay(merged(options))
    except ValueError:
        return None  # two changes that do not fit together


def merged(options: Sequence[Option]) -> tuple[Action, ...]:
    """Returns the actions of several remedies; of two that set the same thing the first one stays."""
    chosen: dict[tuple[str, str], Action] = {}
    for action in (a for o in options for a in o.actions):
        place = (
            f"{action.arguments.get('output')}{action.arguments.get('input')}{action.arguments.get('layers')}"
        )
        chosen.setdefault((action.kind, place), action)
    return tuple(chosen.values())


def _tuned(
    player: Replayer, actions: tuple[Action, ...], best: Replay, names: list[str], clock: Clock
) -> tuple:
    """Tries other rates on what was chosen, nearest first; a rate is taken only if it helps clearly."""
    base = player.bench.constant_rate(actions)
    others = tuple(a for a in actions if a.kind != "learning_rate")
    start = best.score.value
    for factor in FACTORS if base is not None else ():
        tried = (*others, Action("learning_rate", {"value": float(base or 0.0) * factor}))
        if best.score.value > RATE_ENOUGH or not player.fits(tried, clock.left):
            break
        replayed = _attempt(player, [Option("", tried, best)])
        if replayed is not None and replayed.score.value > max(best.score.value, start) + HELPS:
            actions, best = tried, replayed
    if best.score.value > start:
        rate = next(a for a in actions if a.kind == "learning_rate").arguments["value"]
        names = [n for n in names if not n.startswith(_RATE)] + [f"{_RATE}{rate:.2g}"]
    return actions, best, names


_RATE = "Set the learning rate to "
