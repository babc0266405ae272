"""Signal, Action and State: what the machine is fed, what it says and what it remembers; strict JSON of the last."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, TypeVar

from lossdoctor.backoff.memory import Progress, Watch

LIMIT = 100.0  # gradient norms beyond this many times the largest good one are skipped in the step
LIMIT_AFTER = 10  # good steps before that holds

# Names that lossdoctor 0.1.0 wrote to disk, and what they are called now.
RENAMED = {
    "deeper": "blowups_after_cut",
    "strike": "last_bad_batch",
    "target": "restored_step",
    "began": "start",
    "most": "best_bound",
}

Value = TypeVar("Value")


@dataclass(frozen=True)
class Signal:
    """One training step, as seen from outside.

    Attributes:
        step: index of the batch within the run, from 0.
        loss: true loss of the batch (not a running mean); None when the step computes none we can see.
        norm: global L2 norm of the unclipped gradients; None when unknown.
        applied: False when the update was skipped in the step (not finite, or far beyond all before it).
        dead: share of gradient entries that are exactly zero, 0 to 1; None when not measured.
        trivial: loss of the best constant prediction; None when unknown.
        rate: the user's own learning rate at this step, before our scale; None when unknown.
        done: share of the training that is done, 0 to 1; None when its length is unknown.
        epoch: share of the training that one epoch is, 0 to 1; None when its length is unknown.
    """

    step: int
    loss: float | None = None
    norm: float | None = None
    applied: bool = True
    dead: float | None = None
    trivial: float | None = None
    rate: float | None = None
    done: float | None = None
    epoch: float | None = None

    @property
    def finite(self) -> bool:
        """True when neither the loss nor the gradient norm is NaN or infinite."""
        return all(v is None or math.isfinite(v) for v in (self.loss, self.norm))


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
    """All that the machine remembers; JSON out and in by `dumps` and `loads`.

    Attributes:
        scale: the user's rate is multiplied by this; 1 until the first backoff.
        ceiling: the lowest scale that blew up; None before any did.
        proven: the highest scale that stayed quiet for `recover_after` steps since the last blow-up there.
        backoffs, rollbacks, skipped, grown: how often each happened.
        streak: skipped steps in a row.
        quiet: good steps in a row since the last action.
        since: steps since the rate or the weights were last changed by us.
        blowups_after_cut: blow-ups in a row that came right after a cut; each squares the next cut.
        good: good steps in the whole run.
        norm: the largest gradient norm of a calm step.
        last_bad_batch: step of the last rollback that was put down to one bad batch.
        settled: how many cuts of the last stretch were made; from the first on the rate does not grow.
        stopped: why the run was ended, or None.
        step: steps seen in all, that is the index of the next one.
        restored_step: step of the snapshot that the last rollback led to, while nothing quiet came after it.
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
    blowups_after_cut: int = 0
    good: int = 0
    norm: float = 0.0
    last_bad_batch: int | None = None
    settled: int = 0
    stopped: str | None = None
    step: int = 0
    restored_step: int | None = None
    progress: Progress = field(default_factory=Progress)
    watch: Watch = field(default_factory=Watch)

    @property
    def limit(self) -> float | None:
        """Gradient norms above this are to be skipped in the step; None: only non-finite ones."""
        return LIMIT * self.norm if self.good >= LIMIT_AFTER and self.norm > 0.0 else None

    @property
    def urgent(self) -> bool:
        """True when the next steps may decide, so that each is to be judged as soon as it is done."""
        return self.streak > 0 or self.watch.cusum > 0.0 or self.watch.blown > 0

    @property
    def calm(self) -> bool:
        """True when nothing speaks for divergence: the weights may be taken for good ones."""
        return self.streak == 0 and self.watch.calm


def replace(value: Value, **changes: object) -> Value:
    """Returns a copy of a dataclass (without slots and __post_init__) that differs in `changes`.

    As dataclasses.replace, which takes five times as long for a frozen class of twenty fields: the machine
    makes ten such copies a training step, and that may be over in less than a millisecond.
    """
    copy = object.__new__(type(value))
    vars(copy).update(vars(value), **changes)
    return copy


def dumps(state: State) -> str:
    """Returns strict JSON, so that a killed run can go on where it was; the state holds no non-finite numbers."""
    return json.dumps(asdict(state), allow_nan=False)


def loads(text: str) -> State:
    """Returns the state that `dumps` wrote, also that of lossdoctor 0.1.0, which had other names for some fields.

    Raises:
        ValueError: the text is not such a state; the message names what is wrong with it.
    """
    raw = json.loads(text)
    if not isinstance(raw, dict) or "scale" not in raw or not isinstance(raw.get("watch"), dict):
        raise ValueError("not the state of an LRBackoff: pass a file that LRBackoff wrote")
    watch = _known(Watch, raw["watch"])
    watch["recent"] = tuple(watch.get("recent", ()))
    progress = Progress(**_known(Progress, raw.get("progress", {})))
    return State(**{**_known(State, raw), "watch": Watch(**watch), "progress": progress})


def _known(kind: type[State | Watch | Progress], raw: Mapping[str, Any]) -> dict[str, Any]:
    """Returns those of the saved fields that `kind` has, under the names of today."""
    today = {RENAMED.get(name, name): value for name, value in raw.items()}
    return {f.name: today[f.name] for f in fields(kind) if f.name in today}
