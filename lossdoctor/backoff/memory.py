"""Watch and Alarm: what is remembered of a run's losses, and what is concluded from them."""

from __future__ import annotations

from dataclasses import dataclass

EARLY = 7  # losses after which it is clear whether the first was low by chance (at most WINDOW)
LIVING_STEPS = 5  # small batches make that share jump about


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
        trivial, counted: mean trivial loss of so many batches (it depends on the data alone).
        early: median of the first EARLY losses, where `first` turned out to be low by chance.
        seen: losses seen.
        recent: the last losses, at most WINDOW.
        level: their median.
        best: the lowest median of a full window.
        best_step: the middle of that window: half of what makes it the lowest came after.
        cusum: evidence for an explosion so far.
        blown: losses beyond BLOWN x high since the last good level.
        stuck, died, lost: steps in a row that speak for each.
        regressed: most of the gain made so far is gone just now, if only by chance.
        dead: share of zero gradient entries at the first step.
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
    def begin(self) -> float:
        """The loss at the initial weights: that of the first batch, corrected for how hard the batch was."""
        if self.share is None:
            return self.first or 0.0
        return self.share * self.trivial

    @property
    def high(self) -> float:
        """The reference for explosions: the loss at the start, or the trivial one where that is larger."""
        levels = [
            self.begin,
            *([self.trivial] if self.counted else []),
            *([self.early] if self.early else []),
        ]
        return max(levels)

    @property
    def low(self) -> float:
        """Above this nothing has been learned."""
        return min(self.begin, self.trivial) if self.counted else self.begin

    @property
    def settled(self) -> bool:
        """True when `high` can be relied on: the trivial loss is known, or enough losses have been seen."""
        return self.counted > 0 or self.seen >= EARLY

    @property
    def calm(self) -> bool:
        """True when nothing at all speaks for divergence."""
        return not (self.cusum or self.blown or self.stuck or self.died or self.lost or self.regressed)

    def fresh(self, step: int) -> Watch:
        """Returns the watch for a run that has just gone back to good weights before `step`."""
        return Watch(
            first=self.first, share=self.share, trivial=self.trivial, counted=self.counted, early=self.early,
            seen=self.seen, dead=self.dead, safe=step, alive=step,
        )  # fmt: skip

    @property
    def thriving(self) -> bool:
        """True when about as many units take part as at the first step, as far as that is known."""
        return self.dead is None or self.living >= LIVING_STEPS
