"""Progress: whether the loss still falls from one tenth of the training to the next. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass

PART = 0.1  # of the training is one stretch: ten chances to fall, each long enough to outlast a warm restart
LEAST_STEPS = 40  # in a stretch, so that its mean says something
TO_DEVIATION = 1.2533  # mean distance from the mean to standard deviation, normal distribution
BETTER = 0.03  # share by which a stretch has to lie below the best one to count as progress


@dataclass(frozen=True)
class Progress:
    """The losses of the stretch under way, and the best stretch before it.

    Attributes:
        began: share of the training done when the stretch began; None before its first loss.
        count, mean, spread: of the losses in it: their number, mean, and mean distance from that.
        rate: the lowest of the user's learning rates in it; None when unknown.
        best: the lowest mean of a whole stretch; None before the first has ended.
        most: what that mean surely does not exceed: two standard errors above it.
        best_rate: `rate` of that stretch.
    """

    began: float | None = None
    count: int = 0
    mean: float = 0.0
    spread: float = 0.0
    rate: float | None = None
    best: float | None = None
    most: float = 0.0
    best_rate: float | None = None

    def after(self, loss: float, done: float, rate: float | None) -> tuple[Progress, float | None]:
        """Returns the progress after one more loss; and, of a stretch that ended just now without any, the level
        that its losses surely have: two standard errors below their mean."""
        began = done if self.began is None else self.began
        count = self.count + 1
        mean = self.mean + (loss - self.mean) / count
        spread = self.spread + (abs(loss - mean) - self.spread) / count
        if count > 1:
            rate = None if rate is None or self.rate is None else min(rate, self.rate)
        if count < LEAST_STEPS or done - began < PART:
            return Progress(began, count, mean, spread, rate, self.best, self.most, self.best_rate), None
        error = TO_DEVIATION * spread / math.sqrt(count)
        if self.best is None or mean < self.best - BETTER * abs(self.best):
            return Progress(best=mean, most=mean + 2 * error, best_rate=rate), None
        return Progress(best=self.best, most=self.most, best_rate=self.best_rate), mean - 2 * error
