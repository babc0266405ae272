"""All replays of a run: unchanged, each candidate, the best of them together."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.combine import Option, combine
from lossdoctor.experiments.replay import Replay, Replayer, outcome_of, sentence
from lossdoctor.experiments.rows import finite_rows, split
from lossdoctor.experiments.scoring import score
from lossdoctor.experiments.subject import Subject
from lossdoctor.experiments.workbench import Workbench
from lossdoctor.record import Record
from lossdoctor.remedies.remedy import Remedy

BATCH = 32  # Keras's own, when the run's is not known
# Steps of a replay where there is time: by then the remedies of the ward's sick runs have parted from the
# runs as they were. Small data are overfitted only later.
USUAL_STEPS, MOST_STEPS = 200, 600
TOGETHER = 0.25  # share of the time that is reserved for remedies tried together
Progress = Callable[[int, int, str], None]


def replays(
    player: Replayer,
    subject: Subject,
    candidates: Sequence[tuple[str, Remedy]],
    clock: Clock,
    progress: Progress,
) -> dict[str, Any]:
    """Returns `Record.experiments["replay"]`.

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
        reserved = (
            TOGETHER * clock.seconds if options else 0.0
        )  # with nothing tried there is nothing to combine
        if not player.fits(remedy.actions, clock.left - reserved):
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
    found = outcome_of(done, without, reached)
    text = sentence(done, without, player.steps, player.rows.rows)
    who: dict[str, Any] = {"cause": cause, "remedy": remedy.summary, "actions": list(remedy.actions)}
    return {**who, **done.as_dict(), "verdict": found, "text": text}


def make_player(subject: Subject, record: Record) -> Replayer:
    """Returns a Replayer for a subject, with rows, batch size, start and number of steps of its run.

    Raises:
        ValueError: the sample is empty.
    """
    if subject.sample.rows < 2:
        raise ValueError("no rows of the training data could be captured")
    bench = Workbench(subject.model, subject.initial, subject.sample, rate_of(record))
    batch = subject.batch_size or record.setup.batch_size or BATCH
    trained, held_out = split(finite_rows(subject.sample))
    return Replayer(bench, (trained, held_out), batch, steps_of(record, trained.rows, batch))


def rate_of(record: Record) -> float | None:
    """Returns the run's constant learning rate at its start, None under a schedule or if unknown."""
    optimizer = record.setup.optimizer
    return optimizer.learning_rate if optimizer is not None and optimizer.schedule is None else None


def steps_of(record: Record, rows: int, batch: int) -> int:
    """Returns how many steps to replay at most: those of the run, and no more passes over the rows.

    Beyond USUAL_STEPS only where that holds too: a sample seen a hundred times would be learnt by heart,
    and a run on many rows would look overfitted that was not.
    """
    epochs, each = record.setup.epochs, record.setup.steps_per_epoch
    if not epochs or not each:
        return USUAL_STEPS
    passes = epochs * rows // max(1, min(batch, rows))
    return max(1, min(epochs * each, MOST_STEPS, max(USUAL_STEPS, passes)))


def final_score(player: Replayer, subject: Subject) -> float | None:
    """Returns the score of the run's final weights on validation rows (else on the held-out ones)."""
    variant = player.bench.variant(())
    variant.model.set_weights(subject.final)
    rows = subject.validation if subject.validation is not None else player.held_out
    try:
        return score(variant, rows, player.reference).value
    except Exception:  # validation data of another form than the training data: nothing to compare with
        return None
    finally:
        variant.reset(player.bench.rate)
