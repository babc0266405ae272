"""All replays of a run: unchanged, each candidate, the best of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lossdoctor.record import Record
from lossdoctor.remedies.base import Remedy
from lossdoctor.trials.clock import Clock
from lossdoctor.trials.combine import Option, combine
from lossdoctor.trials.judge import score
from lossdoctor.trials.replay import MOST_STEPS, Replay, Replayer, sentence, verdict
from lossdoctor.trials.rows import finite_rows, split
from lossdoctor.trials.subject import Subject
from lossdoctor.trials.workbench import Workbench

BATCH = 32  # Keras's own, when the run's is not known
TOGETHER = 0.35  # share of the time that is kept for remedies tried together
Progress = Callable[[int, int, str], None]


def replays(
    player: Replayer, subject: Subject, candidates: Sequence[tuple[str, Remedy]], clock: Clock, progress: Progress
) -> dict[str, Any]:
    """Returns `Record.lab["replay"]`.

    Raises:
        ValueError: the model cannot train on the sample.
    """
    without = player.replay(())
    reached = final_score(player, subject)
    trials: list[dict[str, Any]] = []
    options: list[Option] = []
    skipped: list[str] = []
    todo = [(cause, remedy) for cause, remedy in candidates if remedy.actions]
    for number, (cause, remedy) in enumerate(todo):
        if not player.fits(remedy.actions, clock.left - TOGETHER * clock.seconds):
            skipped.append(f"{remedy.summary}: no time was left to replay it")
            continue
        progress(number, len(todo), remedy.summary)
        try:
            done = player.replay(remedy.actions)
        except ValueError as error:
            skipped.append(f"{remedy.summary}: {error}")
            continue
        trials.append(_result(cause, remedy, done, without, reached, player))
        options.append(Option(remedy.summary, remedy.actions, done))
    progress(len(todo), len(todo), "remedies together")
    together = combine(player, options, without, clock, reached)
    unchanged = {**without.as_dict(), "steps": player.steps, "reached": reached}
    return {"unchanged": unchanged, "trials": trials, "combined": together, "skipped": skipped}


def _result(
    cause: str, remedy: Remedy, done: Replay, without: Replay, reached: float | None, player: Replayer
) -> dict[str, Any]:
    found = verdict(done, without, reached)
    text = sentence(done, without, player.steps, player.rows.rows)
    who: dict[str, Any] = {"cause": cause, "remedy": remedy.summary, "actions": list(remedy.actions)}
    return {**who, **done.as_dict(), "verdict": found, "text": text}


def make_player(subject: Subject, record: Record) -> Replayer:
    """Returns a Replayer for a subject, with rows, batch size, start and number of steps of its run.

    Raises:
        ValueError: the sample is empty.
    """
    if subject.sample.rows < 2:
        raise ValueError("no rows of the training data could be kept")
    bench = Workbench(subject.model, subject.initial, subject.sample, rate_of(record))
    batch = subject.batch_size or record.setup.batch_size or BATCH
    return Replayer(bench, split(finite_rows(subject.sample)), batch, steps_of(record))


def rate_of(record: Record) -> float | None:
    """Returns the run's constant learning rate at its start, None under a schedule or when it is not known."""
    optimizer = record.setup.optimizer
    return optimizer.learning_rate if optimizer is not None and optimizer.schedule is None else None


def steps_of(record: Record) -> int:
    """Returns how many steps the run was to make, at most MOST_STEPS; MOST_STEPS when it is not known."""
    epochs, each = record.setup.epochs, record.setup.steps_per_epoch
    return min(MOST_STEPS, epochs * each) if epochs and each else MOST_STEPS


def final_score(player: Replayer, subject: Subject) -> float | None:
    """Returns the score of the run's final weights on validation rows (else on the held-back ones)."""
    variant = player.bench.variant(())
    variant.model.set_weights(subject.final)
    rows = subject.validation if subject.validation is not None else player.held
    try:
        return score(variant, rows, player.reference).value
    except Exception:  # validation data of another form than the training data: nothing to compare with
        return None
    finally:
        variant.reset(player.bench.rate)
