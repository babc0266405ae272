"""Rescue: one `fit` under protection. Asks the machine about each step of the guard, and carries out what it says."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from lossdoctor import backends
from lossdoctor.backoff import Action, Policy, Signal, State, final_action, restored, snapshot_due, step
from lossdoctor.record import Event

CLOSELY = 50  # steps after the start and after each change that are judged one by one


@dataclass(frozen=True)
class Settings:
    """What LRBackoff was given besides the Policy (see there)."""

    watch_loss: bool = True
    watch_gradients: bool = True
    skip_batches: int = 0
    snapshots: int = 4
    snapshot_every: int = 10
    check_every: int = 10
    folder: Path | None = None
    yields: bool = False


class Rescue:
    """One `fit` under protection.

    Args:
        model: the compiled model.
        policy: when to act.
        settings: how.
        state: where an earlier run left off; `State()` for a new one.
        say: called with each Event as it happens.
    """

    def __init__(
        self, model: Any, policy: Policy, settings: Settings, state: State, say: Callable[[Event], None]
    ):
        self.model, self.policy, self.settings, self.state, self.say = model, policy, settings, state, say
        self.epoch = 0
        self.params: dict[str, Any] = {}
        self._batch = 0
        self.protection = backends.current().protect(
            model,
            steps=settings.check_every * int(model.steps_per_execution or 1),
            limit=settings.watch_gradients,
            snapshots=settings.snapshots,
            folder=settings.folder,
        )
        self.protection.set_scale(state.scale)
        self._calls_since_flush = 0
        self._near = 0  # step of the last change
        self._hold = 0  # steps still to be passed over without an update
        self._limit: float | None = None
        self._user_rate: float | None = None
        self._noticed = False
        self._base = state.step  # steps of the runs before this one

    # Between steps

    def before_batch(self, batch: int) -> bool:
        """Judges the steps since the last flush when it is time to. Returns True when the run has to end."""
        self._batch = batch
        if not self.protection.snapshot_steps:
            self._started()
            return False
        if batch == 0:  # every callback has set its rate for this epoch
            self._notice_other_writers()
        self._calls_since_flush += 1
        close = self.state.step - self._near < CLOSELY or self.state.urgent
        if not close and self._calls_since_flush < self.settings.check_every:
            return False
        return self.flush()

    def flush(self) -> bool:
        """Brings the rows of the guard through the machine. Returns True when the run has to end."""
        if not self._started():
            return False
        self._calls_since_flush = 0
        if self.state.scale != 1.0 or self.policy.min_lr > 0.0:  # else that of the epoch will do
            self._notice_other_writers()
        rows = self.protection.flush()
        end = self.state.step + len(rows)
        for row in rows:
            if self._hold > 0:
                self._hold -= 1
                self.state = replace(self.state, step=self.state.step + 1)
                continue
            self.state, action = step(self.policy, self.state, self._signal(row))
            if action.kind not in ("none", "skip"):
                self.state = replace(self.state, step=end)
                self._act(action)
                break  # what came after belongs to weights that are gone
            if action.kind == "skip":
                self._report(action, self.state.step - 1)
        self._after_flush()
        return self.state.stopped is not None

    def finish(self) -> None:
        """At the end of the last epoch: a run that is just blowing up ends on its last good weights."""
        if self.flush():
            return
        self.state, action = final_action(self.state)
        if action.kind == "rollback":
            self._act(action)

    def close(self) -> bool:
        """Takes everything out of the model. Returns False when a schedule could not keep the lower rate."""
        return self.protection.stop(self.state.scale)

    def _started(self) -> bool:
        """Makes the first snapshot as soon as it can. Returns whether there is one."""
        if not self.protection.snapshot_steps and self.protection.begin(self._base):
            self._user_rate = self.protection.user_rate
        return bool(self.protection.snapshot_steps)

    # Carrying out

    def _signal(self, row: Any) -> Signal:
        loss, norm, applied, dead, trivial = (float(v) for v in row)
        bad = applied <= 0.0
        watches = self.settings
        return Signal(
            step=self.state.step,
            loss=loss if self.protection.sees_loss and (watches.watch_loss or bad) else None,
            norm=norm if norm >= 0.0 or math.isnan(norm) else None,
            applied=not bad,
            dead=dead if dead >= 0.0 and watches.watch_gradients else None,
            trivial=None if math.isnan(trivial) else trivial,
            rate=self._user_rate,
            done=self._done,
            epoch=1.0 / epochs if (epochs := self.params.get("epochs")) else None,
        )

    @property
    def _done(self) -> float | None:
        epochs, steps = self.params.get("epochs"), self.params.get("steps")
        if not epochs:
            return None
        return float(self.epoch + (self._batch / steps if steps else 0.0)) / float(epochs)

    def _act(self, action: Action) -> None:
        """Carries out a rollback, backoff, growth or stop, and says so."""
        self._user_rate = self.protection.user_rate
        now = self.state.step
        back = None
        if action.kind not in ("grow", "settle"):
            back = self.protection.restore(action.before)
            self.state = restored(self.state, back)
            self._hold = self.settings.skip_batches
        before = self._effective
        self.protection.set_scale(self.state.scale)
        self._effective = self.state.scale
        self._near = now
        self._report(action, now - 1, before, None if back is None else now - back)

    _effective = 1.0

    def _after_flush(self) -> None:
        state = self.state
        # Keras makes one more step after a callback has asked it to stop: that one is skipped too.
        limit = -1.0 if self._hold > 0 or state.stopped is not None else state.limit
        if limit != self._limit:
            self._limit = limit
            self.protection.set_limit(limit)
        if state.calm and snapshot_due(
            state.step, self.protection.snapshot_steps[-1], self.settings.snapshot_every
        ):
            self.protection.take_snapshot(state.step)

    def _notice_other_writers(self) -> None:
        """Reads the user's rate; where another callback changed it after we had lowered it, says so once."""
        rate, known = self.protection.user_rate, self._user_rate
        self._user_rate = rate
        if (
            known is None
            or rate is None
            or rate == known
            or self.state.scale == 1.0
            or self.protection.scheduled
        ):
            return
        if self.settings.yields:
            self.state = replace(self.state, scale=1.0, ceiling=None, proven=None, streak=0)
            self.protection.set_scale(1.0)
            self._effective = 1.0
        if not self._noticed:
            self._noticed = True
            consequence = (
                "its rate is used as it is"
                if self.settings.yields
                else f"LRBackoff multiplies it by {self.state.scale:.3g}"
            )
            text = f"another callback sets the learning rate too ({known:.3g} to {rate:.3g}); {consequence}"
            self.say(Event("other-writer", text, self.state.step, self.epoch))

    def _report(self, action: Action, at: int, before: float | None = None, lost: int | None = None) -> None:
        rate = self._user_rate
        data: dict[str, Any] = {"scale": action.scale}
        text = action.text
        if before is not None and before != action.scale:
            data["scale_before"] = before
            if rate is not None:
                data |= {"rate": rate * action.scale, "rate_before": rate * before}
            what = (
                f"{rate * before:.3g} to {rate * action.scale:.3g}"
                if rate
                else f"{before:.3g} to {action.scale:.3g} of yours"
            )
            text += f"; learning rate {what}"
        if lost is not None:
            data["lost"] = lost
            text += f"; {lost} step{'s' * (lost != 1)} back to the weights after step {at + 1 - lost}"
        self.say(Event(action.kind, text, at, self.epoch, data))
