"""Replay: the same few steps on the sample again, with the user's own setup and with each remedy."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.rows import order, take
from lossdoctor.experiments.score import WORST, Score
from lossdoctor.experiments.scoring import score
from lossdoctor.experiments.workbench import Variant, Workbench
from lossdoctor.remedies import Action

LEAST_STEPS = 24  # below that Adam has hardly moved
SHARE = 0.08  # of the whole time that one replay may take, so that some ten fit in with their tracing
LEAST_REPLAYS = 3  # unchanged and two remedies: with less there is nothing to compare
LATER_TRACES = 0.6  # time that a later copy takes, as a share of the first one's (measured)
SEEN = 96  # rows trained on whose loss is taken before and after
EVALUATIONS = 4  # of the held-out rows in the second half; their median is the score, not a lucky end
# A remedy counts as better by this much of the way from a constant to a perfect prediction. Of 64 held-out
# rows two runs of the same quality differ by about sqrt(2 * 0.25 / 64) = 0.09 in their share of hits, less
# when they start from the same weights, as here.
MARGIN = 0.1
# It must also beat a constant prediction: a NaN turned into a stuck loss is no cure.
LEARNS = 0.05
# Where the run was not finite, a loss that falls to this part of its start says that it now trains, be it
# slowly.
SAVED = 0.5
# Run to its end, the user's own setup may come further than a replay of few steps shows.
SLACK = 0.1


@dataclass(frozen=True)
class Replay:
    """What one replay came to.

    Attributes:
        first, last: loss on the rows trained on, before and after.
        held_out: loss on the held-out rows, after.
        score: their score, median of the evaluations.
    """

    first: float
    last: float
    held_out: float
    score: Score

    @property
    def finite(self) -> bool:
        return math.isfinite(self.last) and math.isfinite(self.held_out)

    def as_dict(self) -> dict[str, Any]:
        """Returns plain numbers for `Record.experiments`."""
        plain: dict[str, Any] = {"first": self.first, "last": self.last, "held_out": self.held_out}
        return {**plain, "finite": self.finite, "score": self.score.value, "accuracy": self.score.accuracy}


class Replayer:
    """Replays actions on one subject, always the same number of steps over the same batches."""

    def __init__(self, bench: Workbench, rows: tuple[Sample, Sample], batch: int, steps: int) -> None:
        self.bench, (self.rows, self.held_out) = bench, rows
        self.seen = take(self.rows, np.arange(min(self.rows.rows, SEEN)))
        self.batch, self.steps = batch, steps
        self.reference = math.nan
        self.step_seconds = self.trace_seconds = 0.0
        self.done: dict[str, Replay] = {}

    def start(self, clock: Clock) -> None:
        """Makes the copy with the user's own setup and settles the number of steps by their time.

        Raises:
            ValueError: the model cannot be rebuilt, or its steps take too long for replays.
        """
        watch = Clock(math.inf)
        variant = self.bench.variant(())
        self.reference = variant.evaluate(self.held_out)[0]
        if not math.isfinite(self.reference):
            self.reference = 1.0
        variant.load(self.rows)
        variant.train(order(self.rows.rows, self.batch, 1))
        # The first copy also loads TensorFlow's kernels; the next ones are made faster.
        self.trace_seconds = LATER_TRACES * watch.spent
        self.step_seconds = self._timed(variant, 1)
        self._check_affordable(clock)
        if self.step_seconds * LEAST_STEPS < SHARE * clock.seconds:
            self.step_seconds = self._timed(variant, 8)
        self.steps = min(
            self.steps, max(LEAST_STEPS, int(SHARE * clock.seconds / max(self.step_seconds, 1e-6)))
        )

    def _timed(self, variant: Variant, steps: int) -> float:
        watch = Clock(math.inf)
        variant.train(order(self.rows.rows, self.batch, steps))
        return watch.spent / steps

    def _check_affordable(self, clock: Clock) -> None:
        needed = LEAST_REPLAYS * min(LEAST_STEPS, self.steps) * self.step_seconds
        if needed > clock.left:
            raise ValueError(
                f"a step takes {self.step_seconds:.2g} s: {LEAST_REPLAYS} replays of {LEAST_STEPS} steps do "
                f"not fit into the {max(clock.left, 0.0):.1f} s that were left of {clock.seconds:.0f} s for "
                f"trials; pass trial_seconds={math.ceil(clock.spent + 4 * needed)} for them"
            )

    def fits(self, actions: Sequence[Action], seconds: float) -> bool:
        """Returns whether a replay with these actions can be made in the time."""
        if self._name(actions) in self.done:
            return True
        trace = 0.0 if self._known(actions) else self.trace_seconds
        return trace + self.steps * self.step_seconds < seconds

    def _known(self, actions: Sequence[Action]) -> bool:
        try:
            return self.bench.known(actions)
        except ValueError:
            return True  # the replay will say at once why it cannot be made

    @staticmethod
    def _name(actions: Sequence[Action]) -> str:
        return repr(sorted((a.kind, repr(a.arguments)) for a in actions))

    def replay(self, actions: Sequence[Action]) -> Replay:
        """Returns the replay with these actions; one that was made before is not made again.

        Raises:
            ValueError: an action does not fit the model, or its copy cannot train on the rows.
        """
        key = self._name(actions)
        if key not in self.done:
            self.done[key] = self._replay(self.bench.variant(actions))
        return self.done[key]

    def _replay(self, variant: Variant) -> Replay:
        try:
            variant.load(self.rows)
            first = variant.evaluate(self.seen)[0]
            scores = []
            for part in _parts(order(self.rows.rows, self.batch, self.steps)):
                watch = Clock(math.inf)
                variant.train(part)
                scores.append(score(variant, self.held_out, self.reference))
            # The last part is traced already: on a busy machine, or with more layers, it takes longer than at first.
            self.step_seconds = max(self.step_seconds, watch.spent / len(part))
            last = variant.evaluate(self.seen)[0]
        except Exception as error:
            raise ValueError(f"the copy cannot train on the sample: {_short(error)}") from error
        return Replay(first, last, scores[-1].loss, typical(scores))


def _parts(index: np.ndarray) -> list[np.ndarray]:
    half = len(index) // 2
    rest = np.array_split(index[half:], EVALUATIONS)
    return [np.concatenate([index[:half], rest[0]]), *(p for p in rest[1:] if len(p))]


def typical(scores: Sequence[Score]) -> Score:
    """Returns the last score with the median value; a run that is not finite at the end is worth the least."""
    if not scores[-1].finite:
        return replace(scores[-1], value=WORST)
    return replace(scores[-1], value=float(np.median([s.value for s in scores])))


def _short(error: Exception) -> str:
    lines = [line for line in str(error).splitlines() if line.strip()]
    return f"{type(error).__name__}: {lines[0][:160]}" if lines else type(error).__name__


def outcome_of(with_it: Replay, without: Replay, reached: float | None) -> str:
    """Returns "confirmed", "refuted" or "unclear".

    Args:
        with_it: the replay with the remedy.
        without: the replay of the user's own setup.
        reached: the score of the run's final weights on rows it did not train on; None when not known.
    """
    gain = with_it.score.value - without.score.value
    if gain < 0.0 or not with_it.finite:
        return "refuted"
    if not without.finite and with_it.last < SAVED * with_it.first:
        return "confirmed"
    if gain < MARGIN or with_it.score.value < LEARNS:
        return "unclear" if gain > MARGIN / 2 else "refuted"
    return "unclear" if reached is not None and with_it.score.value < reached - SLACK else "confirmed"


def sentence(with_it: Replay, without: Replay, steps: int, rows: int) -> str:
    """Returns the figures of a replay in words."""
    text = f"replayed {steps} steps on {rows} rows: loss {_way(with_it)} (unchanged: {_way(without)})"
    if with_it.finite:  # what counts against overfitting is how rows do that were not trained on
        text += f", held-out loss {with_it.held_out:.3g} (unchanged: {_number(without.held_out)})"
    if with_it.score.accuracy is None or without.score.accuracy is None:
        return text
    return (
        text + f", held-out accuracy {with_it.score.accuracy:.2f} (unchanged: {without.score.accuracy:.2f})"
    )


def _number(value: float) -> str:
    return f"{value:.3g}" if math.isfinite(value) else "not finite"


def _way(run: Replay) -> str:
    return f"{run.first:.3g} -> {run.last:.3g}" if run.finite else f"{run.first:.3g} -> not finite"
