"""What is remembered of a run's losses (Watch, Progress), and what is concluded from them (Alarm)."""

from __future__ import annotations

import math
from dataclasses import dataclass

EARLY = 7  # losses after which it is clear whether the first was low by chance (at most detection.WINDOW)
LIVING_STEPS = 5  # small batches make that share jump about

PART = 0.1  # of the training is one stretch: ten chances to fall, each long enough to outlast a warm restart
LEAST_STEPS = 40  # in a stretch, so that its mean says something
TO_DEVIATION = 1.2533  # mean distance from the mean to standard deviation, normal distribution
BETTER = 0.03  # share by which a stretch has to lie below the best one to count as progress


@dataclass(frozen=True)
class Alarm:
    """The run diverges.

    Attributes:
        kind: "explosion", "skipped", "stuck", "died", "lost", "stalled" or "climbed".
        text: what was seen, with numbers.
        safe: weights from before this step are good.
        sudden: it began with a jump out of a quiet stretch.
    """

    kind: str
    text: str
    safe: int
    sudden: bool = False


@dataclass(frozen=True)
class Watch:
    """What is remembered of a run. `fresh` forgets what belongs to thrown away weights.

    Attributes:
        first: loss of the first batch, that is of the initial weights.
        share: `first` over the trivial loss of its own batch; None when that is unknown.
        trivial, counted: mean trivial loss (that of the best constant prediction) of so many batches; it
            depends on the data alone.
        early: median of the first EARLY losses, where `first` turned out to be low by chance.
        seen: losses seen.
        recent: the last losses, at most detection.WINDOW.
        level: their median.
        best: the lowest median of a full window.
        best_step: the middle of that window: half of what makes it the lowest came after.
        cusum: evidence for an explosion so far.
        blown: losses beyond detection.BLOWN x high since the last good level.
        stuck, died, lost: steps in a row that speak for each.
        regressed: most of the gain made so far is gone just now, if only by chance.
        dead: share of zero gradient entries at the first step, 0 to 1.
        safe: weights from before this step are known to be good.
        alive: the last step up to which the share of zero gradient entries was about that of the first.
        living: steps in a row for which that holds.
        sudden: the present trouble began with a jump.
    """

    first: float | None = None
    share: float | None = None
    trivial: float = 0.0
    counted: int = 0
    early: float | None = None
    seen: int = 0
    recent: tuple[float, ...] = ()
    level: float | None = None
    best: float | None = None
    best_step: int = 0
    cusum: float = 0.0
    blown: int = 0
    stuck: int = 0
    died: int = 0
    lost: int = 0
    regressed: bool = False
    dead: float | None = None
    safe: int = 0
    alive: int = 0
    living: int = 0
    sudden: bool = False

    @property
    def initial_loss(self) -> float:
        """The loss at the initial weights: that of the first batch, corrected for how hard the batch was."""
        if self.share is None:
            return self.first or 0.0
        return self.share * self.trivial

    @property
    def high(self) -> float:
        """The reference for explosions: the loss at the start, or the trivial one where that is larger."""
        levels = [
            self.initial_loss,
            *([self.trivial] if self.counted else []),
            *([self.early] if self.early else []),
        ]
        return max(levels)

    @property
    def low(self) -> float:
        """Above this nothing has been learned."""
        return min(self.initial_loss, self.trivial) if self.counted else self.initial_loss

    @property
    def reliable(self) -> bool:
        """True when `high` can be relied on: the trivial loss is known, or enough losses have been seen."""
        return self.counted > 0 or self.seen >= EARLY

    @property
    def calm(self) -> bool:
        """True when nothing at all speaks for divergence."""
        return not (self.cusum or self.blown or self.stuck or self.died or self.lost or self.regressed)

    @property
    def thriving(self) -> bool:
        """True when about as many units take part as at the first step, as far as that is known."""
        return self.dead is None or self.living >= LIVING_STEPS

    def fresh(self, step: int) -> Watch:
        """Returns the watch for a run that has just gone back to good weights before `step`."""
        return Watch(
            first=self.first, share=self.share, trivial=self.trivial, counted=self.counted, early=self.early,
            seen=self.seen, dead=self.dead, safe=step, alive=step,
        )  # fmt: skip


@dataclass(frozen=True)
class Progress:
    """Whether the loss still falls: the stretch (a tenth of the training) under way, and the best before it.

    Attributes:
        start: share of the training done when the stretch began; None before its first loss.
        count, mean, spread: of the losses in it: their number, mean, and mean distance from that.
        rate: the lowest of the user's learning rates in it; None when unknown.
        best: the lowest mean of a whole stretch; None before the first has ended.
        best_bound: what that mean surely does not exceed: two standard errors above it.
        best_rate: `rate` of that stretch.
    """

    start: float | None = None
    count: int = 0
    mean: float = 0.0
    spread: float = 0.0
    rate: float | None = None
    best: float | None = None
    best_bound: float = 0.0
    best_rate: float | None = None

    def after(self, loss: float, done: float, rate: float | None) -> tuple[Progress, float | None]:
        """Returns the progress after one more loss; and, of a stretch that ended just now without any, the level
        that its losses surely have: two standard errors below their mean."""
        now = self._with(loss, done, rate)
        if now.count < LEAST_STEPS or done - (now.start or 0.0) < PART:
            return now, None
        margin = 2 * TO_DEVIATION * now.spread / math.sqrt(now.count)
        if self.best is None or now.mean < self.best - BETTER * abs(self.best):
            return Progress(best=now.mean, best_bound=now.mean + margin, best_rate=now.rate), None
        best = Progress(best=self.best, best_bound=self.best_bound, best_rate=self.best_rate)
        return best, now.mean - margin

    def _with(self, loss: float, done: float, rate: float | None) -> Progress:
        """Returns the progress with one more loss in the stretch under way."""
        start = done if self.start is None else self.start
        count = self.count + 1
        mean = self.mean + (loss - self.mean) / count
        spread = self.spread + (abs(loss - mean) - self.spread) / count
        if count > 1:
            rate = None if rate is None or self.rate is None else min(rate, self.rate)
        return Progress(start, count, mean, spread, rate, self.best, self.best_bound, self.best_rate)
