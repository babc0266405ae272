"""State and Action: what the machine remembers and what it says."""

from __future__ import annotations

from dataclasses import dataclass, field

from lossdoctor.backoff.memory import Watch
from lossdoctor.backoff.progress import Progress

LIMIT = 100.0  # gradient norms beyond this many times the largest good one are skipped in the step
LIMIT_AFTER = 10  # good steps before that holds


@dataclass(frozen=True)
class Action:
    """What to do now.

    Attributes:
        kind: "none"; "skip" (the step skipped a bad update: say so); "rollback" (back to good weights, rate
            as it is); "backoff" (the same, and cut the rate); "grow" (raise the rate); "settle" (lower the
            rate for the last stretch of a rescued run); "stop" (back to good weights, end the training).
        scale: what the user's rate is to be multiplied by from now on, 0 < scale <= 1.
        before: take the newest snapshot made at or before this step.
        text: what was seen, with numbers.
    """

    kind: str
    scale: float
    before: int = 0
    text: str = ""


@dataclass(frozen=True)
class State:
    """All that the machine remembers; JSON out and in by `store`.

    Attributes:
        scale: the user's rate is multiplied by this; 1 until the first backoff.
        ceiling: the lowest scale that blew up; None before any did.
        proven: the highest scale that stayed quiet for `recover_after` steps since the last blow-up there.
        backoffs, rollbacks, skipped, grown: how often each happened.
        streak: skipped steps in a row.
        quiet: good steps in a row since the last action.
        since: steps since the rate or the weights were last changed by us.
        deeper: blow-ups in a row that came right after a cut; each squares the next cut.
        good: good steps in the whole run.
        norm: the largest gradient norm of a calm step.
        strike: step of the last rollback that was put down to one bad batch.
        settled: how many cuts of the last stretch were made; from the first on the rate does not grow.
        stopped: why the run was ended, or None.
        step: steps seen in all, that is the index of the next one.
        target: step of the snapshot that the last rollback led to, while nothing quiet came after it.
        progress: whether a rescued run still gets better.
        watch: the memory of the losses.
    """

    scale: float = 1.0
    ceiling: float | None = None
    proven: float | None = None
    backoffs: int = 0
    rollbacks: int = 0
    skipped: int = 0
    grown: int = 0
    streak: int = 0
    quiet: int = 0
    since: int = 0
    deeper: int = 0
    good: int = 0
    norm: float = 0.0
    strike: int | None = None
    settled: int = 0
    stopped: str | None = None
    step: int = 0
    target: int | None = None
    progress: Progress = field(default_factory=Progress)
    watch: Watch = field(default_factory=Watch)

    @property
    def limit(self) -> float | None:
        """Gradient norms above this are to be skipped in the step; None: only non-finite ones."""
        return LIMIT * self.norm if self.good >= LIMIT_AFTER and self.norm > 0.0 else None

    @property
    def urgent(self) -> bool:
        """True when the next steps may decide, so that each is worth a look."""
        return self.streak > 0 or self.watch.cusum > 0.0 or self.watch.blown > 0

    @property
    def calm(self) -> bool:
        """True when nothing speaks for divergence: the weights may be kept as good ones."""
        return self.streak == 0 and self.watch.calm
