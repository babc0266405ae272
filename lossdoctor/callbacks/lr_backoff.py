"""LRBackoff: a diverging run saves itself."""

from __future__ import annotations

import copy
import json
import os
import warnings
from collections.abc import Collection
from pathlib import Path
from typing import Any

import keras

from lossdoctor import backends, keras_private
from lossdoctor.backoff import Policy, State, dumps, loads
from lossdoctor.fit.rescue import Rescue, Settings
from lossdoctor.record import Event

STATE_FILE = "lrbackoff.json"
SKIPS_SAID = 3  # single skipped updates that are printed; all are counted and kept in `events`
EVENTS_KEPT = 1000


class TrainingDiverged(RuntimeError):
    """Raised by LRBackoff(on_exhausted="raise"). The model holds its last good weights."""


class LRBackoff(keras.callbacks.Callback):
    """Skips updates that are not finite, goes back to good weights when a run diverges, and lowers the rate.

    A bad update (loss or gradient NaN or infinite, or a gradient 100 times beyond all before it) is skipped
    inside the compiled step. When the loss explodes, blows up and stays at the level of a constant
    prediction, or climbs back over many steps, the run returns to the newest good snapshot with the rate
    times `factor`, and may later grow back. A healthy run is left alone, bit for bit.

    Args:
        factor: what the learning rate is multiplied by at a backoff, 0 < factor < 1. The third blow-up
            in a row right after a cut is answered by a deeper one: its square, then its cube, ...
        patience: bad steps in a row before going back; fewer are skipped as bad batches.
        cooldown: steps after an action in which only explosions and bad steps count.
        max_backoffs: cuts before giving up.
        min_lr: the rate is never cut below this.
        recover_after: quiet steps after which the rate grows back towards yours, never above; None: never.
        settle: share of the training, at its end, in which a rescued run goes down to the rate times
            `factor`, in two cuts.
        skip_batches: batches passed over without an update after a rollback (the poisoned ones).
        monitor: what to watch: "loss", "gradients" or both.
        on_exhausted: "stop" ends training with good weights, "raise" raises TrainingDiverged.
        on_other_writer: another callback sets the rate too: "multiply" what it sets, or "yield" to it.
        snapshots: how many earlier states to hold, 2 or more.
        snapshot_every: steps between snapshots at least; they get rarer as the run gets longer.
        snapshot_dir: hold them in this folder and not in memory.
        backup_dir: the folder given to keras.callbacks.BackupAndRestore; a killed run resumes from there
            with its lowered rate and counters.
        check_every: steps between two looks when all is quiet.
        verbose: "auto" (as `fit`'s own), 0 (print nothing) or 1 (one line an action).

    Raises:
        ValueError: an argument makes no sense; its message says what to pass.

    Example:
        >>> model.fit(x, y, epochs=20, callbacks=[LRBackoff()])  # doctest: +SKIP
    """

    def __init__(
        self,
        *,
        factor: float = 0.1,
        patience: int = 3,
        cooldown: int = 5,
        max_backoffs: int = 20,
        min_lr: float = 0.0,
        recover_after: int | None = 20,
        settle: float = 0.2,
        skip_batches: int = 0,
        monitor: str | Collection[str] = ("loss", "gradients"),
        on_exhausted: str = "stop",
        on_other_writer: str = "multiply",
        snapshots: int = 4,
        snapshot_every: int = 10,
        snapshot_dir: str | os.PathLike[str] | None = None,
        backup_dir: str | os.PathLike[str] | None = None,
        check_every: int = 10,
        verbose: int | str = "auto",
    ):
        super().__init__()
        self.policy = Policy(factor, patience, cooldown, max_backoffs, min_lr, recover_after, settle)
        watched = _watched(monitor)
        _one_of("on_exhausted", on_exhausted, ("stop", "raise"))
        _one_of("on_other_writer", on_other_writer, ("multiply", "yield"))
        _one_of("verbose", verbose, ("auto", 0, 1, 2))
        counts = (("skip_batches", skip_batches, 0), ("snapshots", snapshots, 2))
        for name, value, least in (
            *counts,
            ("snapshot_every", snapshot_every, 1),
            ("check_every", check_every, 1),
        ):
            if isinstance(value, bool) or not isinstance(value, int) or value < least:
                raise ValueError(
                    f"LRBackoff: {name}={value!r} is not possible. Pass a whole number of {least} or more."
                )
        self.settings = Settings(
            "loss" in watched, "gradients" in watched, skip_batches, snapshots, snapshot_every, check_every,
            None if snapshot_dir is None else Path(snapshot_dir), on_other_writer == "yield",
        )  # fmt: skip
        self.on_exhausted, self.verbose = on_exhausted, verbose
        self.backup_dir = None if backup_dir is None else Path(backup_dir)
        self.state = State()
        self.events: list[Event] = []
        self._rescue: Rescue | None = None

    def __deepcopy__(self, memo: Any) -> LRBackoff:
        # Tuners copy callbacks before fit; a copy starts afresh and holds no model.
        twin = copy.copy(self)
        twin.state, twin.events, twin._rescue, twin._model = State(), [], None, None
        return twin

    @property
    def scale(self) -> float:
        """What the user's learning rate is multiplied by now, 0 < scale <= 1."""
        return self.state.scale

    # What Keras calls

    def on_train_begin(self, logs: Any = None) -> None:
        self._close()
        self.events = []
        self.state = self._start_state()
        if not keras_private.optimizers(self.model):
            raise ValueError(
                "LRBackoff: the model has no optimizer. Pass one: model.compile(optimizer=..., loss=...)."
            )
        why = backends.current().guard_obstacle(self.model)
        if why is not None:
            self._stand_aside(why)
            return
        self._rescue = Rescue(self.model, self.policy, self.settings, self.state, self._say)
        keras_private.fit_watch(self._close)  # Keras calls no hook when fit raises

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._rescue is not None:
            self._rescue.epoch, self._rescue.params = epoch, self.params or {}

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        # The step before is judged here: a callback with on_train_batch_end makes Keras wait for each step.
        if self._rescue is not None and self._rescue.before_batch(batch):
            self._exhausted()

    def on_test_begin(self, logs: Any = None) -> None:
        # A validation within fit is to see the weights that training goes on with.
        if self._rescue is not None and self._rescue.look():
            self._exhausted()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        rescue = self._rescue
        if rescue is None:
            return
        last = epoch + 1 >= int((self.params or {}).get("epochs") or 0) or self.model.stop_training
        if last:
            rescue.finish()
        else:
            rescue.look()
        self.state = rescue.state
        self._write()
        if self.state.stopped is not None:
            self._exhausted()

    def on_train_end(self, logs: Any = None) -> None:
        self._close()

    # State

    def _start_state(self) -> State:
        """What a killed run left beside its backup, else a new state."""
        path = None if self.backup_dir is None else self.backup_dir / STATE_FILE
        if path is None or not path.is_file():
            # A schedule cannot be lowered for good, so a second fit keeps the factor on top of it.
            return State(scale=self._carried)
        saved = json.loads(path.read_text(encoding="utf-8"))
        self.events = [Event(**e) for e in saved["events"]]
        return loads(json.dumps(saved["state"]))

    _carried = 1.0

    def _write(self) -> None:
        if self.backup_dir is None:
            return
        self.backup_dir.mkdir(parents=True, exist_ok=True)
        events = [vars(e) for e in self.events]
        text = json.dumps({"state": json.loads(dumps(self.state)), "events": events}, allow_nan=False)
        whole = self.backup_dir / (STATE_FILE + ".new")
        whole.write_text(text, encoding="utf-8")
        os.replace(whole, self.backup_dir / STATE_FILE)  # a kill in the middle leaves the old file whole

    def _close(self) -> None:
        rescue, self._rescue = self._rescue, None
        if rescue is None:
            return
        self.state = rescue.state
        settled = rescue.close()
        self._carried = 1.0 if settled else self.state.scale

    # Speaking

    def _say(self, event: Event) -> None:
        if self._rescue is not None:
            self.state = self._rescue.state
        if len(self.events) < EVENTS_KEPT:
            self.events.append(event)
        if event.kind != "skip":
            self._write()
        if not self._talks() or (event.kind == "skip" and self.state.skipped > SKIPS_SAID):
            return
        where = f"epoch {(event.epoch or 0) + 1}, step {event.step}"
        print(f"\nLRBackoff: {event.kind} at {where}: {event.text}", flush=True)

    def _stand_aside(self, why: str) -> None:
        text = f"LRBackoff cannot work {why}: this fit runs without it, and bad updates are not skipped"
        self.events.append(Event("off", text))
        works = "Without a strategy, or with MirroredStrategy in float32, it works."
        on_tensorflow = keras.backend.backend() == "tensorflow"
        warnings.warn(f"{text}. {works}" if on_tensorflow else f"{text}.", stacklevel=2)

    def _talks(self) -> bool:
        return bool((self.params or {}).get("verbose", 1)) if self.verbose == "auto" else bool(self.verbose)

    def _exhausted(self) -> None:
        assert self._rescue is not None
        self.state = self._rescue.state
        if self.on_exhausted == "raise":
            reason = self.state.stopped
            self._close()
            raise TrainingDiverged(f"training diverged: {reason}")
        self.model.stop_training = True


def _watched(monitor: Any) -> tuple[str, ...]:
    watched = (monitor,) if isinstance(monitor, str) else tuple(monitor or ())
    if not watched or any(w not in ("loss", "gradients") for w in watched):
        raise ValueError(
            f"LRBackoff: monitor={monitor!r} names nothing to watch. Pass 'loss', 'gradients' or both."
        )
    return watched


def _one_of(name: str, value: Any, known: tuple[Any, ...]) -> None:
    if value not in known:
        raise ValueError(
            f"LRBackoff: {name}={value!r} is not possible. Pass one of {', '.join(map(repr, known))}."
        )
