"""LRBackoff: a diverging run saves itself."""

from __future__ import annotations

import copy
import json
import os
import warnings
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Literal

import keras

from lossdoctor import backends, keras_private
from lossdoctor.backoff import Policy, State, check_count, dumps, loads, refuse
from lossdoctor.fit.rescue import Rescue, Settings
from lossdoctor.record import Event

STATE_FILE = "lrbackoff.json"
SKIPS_PRINTED = 3  # single skipped updates that are printed; all are counted, and listed in `events`
EVENTS_LIMIT = 1000

Monitor = Literal["loss", "gradients"]
Logs = Mapping[str, float] | None


class TrainingDiverged(RuntimeError):
    """Raised by LRBackoff(on_exhausted="raise"). The model holds its last good weights."""


class LRBackoff(keras.callbacks.Callback):
    """Skips updates that are not finite, goes back to good weights when a run diverges, and lowers the rate.

    A bad update (loss or gradient NaN or infinite, or a gradient norm 100 times beyond all before it) is skipped
    inside the compiled step. When the loss explodes, blows up and stays at the level of a constant
    prediction, or climbs back over many steps, the run returns to the newest good snapshot with the rate
    times `factor`, and may later grow back. A healthy run is left alone, bit for bit. docs/backoff.md has the
    signs, the exceptions, and what it saves.

    A step is one training batch; a share is a number from 0 to 1.

    Args:
        factor: what the learning rate is multiplied by at a backoff, 0 < factor < 1. The third blow-up
            in a row right after a cut is answered by a deeper one: its square, then its cube, ...
        patience: bad steps in a row before going back, 1 or more; fewer are skipped as bad batches.
        cooldown: steps after an action in which only explosions and bad steps count.
        max_backoffs: cuts of the rate before giving up; 0 for none.
        min_lr: the rate is never cut below this; a learning rate, in the optimizer's own unit.
        recover_after: quiet steps after which the rate grows back towards yours, never above; None: never.
        settle: share of the training, at its end, in which a rescued run goes down to the rate times
            `factor`, in two cuts; 0 for none, at most 0.9.
        skip_batches: batches passed over without an update after a rollback (the poisoned ones).
        monitor: what to watch: "loss", "gradients" or both.
        on_exhausted: "stop" ends training with good weights, "raise" raises TrainingDiverged.
        on_other_writer: another callback sets the rate too: "multiply" what it sets, or "yield" to it.
        snapshots: how many earlier states to hold, 2 or more; each is a copy of weights and optimizer state.
        snapshot_every: steps between snapshots at least; they get rarer as the run gets longer.
        snapshot_dir: hold them as files in this folder and not in the memory of the device.
        backup_dir: the folder given to keras.callbacks.BackupAndRestore; a killed run resumes from there
            with its lowered rate and counters.
        check_every: steps after which they are judged, all at once, when all is quiet.
        verbose: "auto" (as `fit`'s own), 0 (print nothing), 1 or 2 (one line an action).

    Attributes:
        events: what was done in this fit, in order, at most 1000: a list of values with `kind` ("skip",
            "rollback", "backoff", "grow", "settle", "stop", "other-writer" or "off"), `text`, `step`, `epoch`
            and `data`.
        scale: what the user's learning rate is multiplied by now, 0 < scale <= 1.

    Raises:
        ValueError: an argument makes no sense (at once), or the model has no optimizer, or `backup_dir` holds a
            file that LRBackoff did not write (when `fit` begins); the message says what to pass.
        TrainingDiverged: within `fit`, after `max_backoffs` cuts or at `min_lr`, with on_exhausted="raise".

    Example:
        >>> import keras, numpy as np
        >>> from lossdoctor import LRBackoff
        >>> keras.utils.set_random_seed(0)
        >>> x = np.linspace(-1.0, 1.0, 64, dtype="float32")[:, None]
        >>> model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
        >>> model.compile(keras.optimizers.SGD(50.0), "mse")  # stable below 1
        >>> backoff = LRBackoff(verbose=0)
        >>> history = model.fit(x, 3 * x, batch_size=8, epochs=10, verbose=0, callbacks=[backoff])
        >>> history.history["loss"][-1] < 0.01
        True
        >>> {event.kind for event in backoff.events} >= {"backoff"}, backoff.scale < 1.0
        (True, True)

    References:
        Skipping updates that are not finite: Micikevicius et al. (2018), Mixed precision training,
        arXiv 1710.03740. Going back to an earlier state and past the batches that led to a spike: Chowdhery et al.
        (2022), PaLM, section 5.1, arXiv 2204.02311. Evidence for an explosion: Page (1954), Continuous inspection
        schemes, Biometrika 41:100. Lower rates in the last fifth: Haegele et al. (2024), arXiv 2405.18392.
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
        monitor: Monitor | Collection[Monitor] = ("loss", "gradients"),
        on_exhausted: Literal["stop", "raise"] = "stop",
        on_other_writer: Literal["multiply", "yield"] = "multiply",
        snapshots: int = 4,
        snapshot_every: int = 10,
        snapshot_dir: str | os.PathLike[str] | None = None,
        backup_dir: str | os.PathLike[str] | None = None,
        check_every: int = 10,
        verbose: bool | Literal["auto", 0, 1, 2] = "auto",
    ):
        super().__init__()
        self.policy = Policy(factor, patience, cooldown, max_backoffs, min_lr, recover_after, settle)
        watched = _watched(monitor)
        _one_of("on_exhausted", on_exhausted, ("stop", "raise"))
        _one_of("on_other_writer", on_other_writer, ("multiply", "yield"))
        _one_of("verbose", verbose, ("auto", 0, 1, 2))
        check_count("skip_batches", skip_batches, 0)
        check_count("snapshots", snapshots, 2)
        check_count("snapshot_every", snapshot_every, 1)
        check_count("check_every", check_every, 1)
        self.settings = Settings(
            "loss" in watched, "gradients" in watched, skip_batches, snapshots, snapshot_every, check_every,
            None if snapshot_dir is None else Path(snapshot_dir), on_other_writer == "yield",
        )  # fmt: skip
        self.on_exhausted, self.verbose = on_exhausted, verbose
        self.backup_dir = None if backup_dir is None else Path(backup_dir)
        self.state = State()
        self.events: list[Event] = []
        self._rescue: Rescue | None = None
        self._carried = 1.0  # a scale that the fit before could not leave in the optimizer

    def __deepcopy__(self, memo: dict[int, object]) -> LRBackoff:
        # Tuners copy callbacks before fit; a copy starts afresh and holds no model.
        twin = copy.copy(self)
        twin.state, twin.events, twin._rescue, twin._model = State(), [], None, None
        return twin

    @property
    def scale(self) -> float:
        """What the user's learning rate is multiplied by now, 0 < scale <= 1."""
        return self.state.scale

    # What Keras calls

    def on_train_begin(self, logs: Logs = None) -> None:
        self._close()
        self.events = []
        self.state = self._start_state()
        if not keras_private.optimizers(self.model):
            raise ValueError(
                "LRBackoff: the model has no optimizer. Pass one: model.compile(optimizer=..., loss=...)."
            )
        unsupported = backends.unsupported() is not None
        why = "on this backend of Keras" if unsupported else backends.current().guard_obstacle(self.model)
        if why is not None:
            self._stand_aside(why)
            return
        self._rescue = Rescue(self.model, self.policy, self.settings, self.state, self._report)
        keras_private.fit_watch(self._close)  # Keras calls no hook when fit raises

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        if self._rescue is not None:
            self._rescue.epoch, self._rescue.params = epoch, self.params or {}

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        # The step before is judged here: a callback with on_train_batch_end makes Keras wait for each step.
        if self._rescue is not None and self._rescue.before_batch(batch):
            self._exhausted()

    def on_test_begin(self, logs: Logs = None) -> None:
        # A validation within fit is to see the weights that training goes on with.
        if self._rescue is not None and self._rescue.flush():
            self._exhausted()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        rescue = self._rescue
        if rescue is None:
            return
        last = epoch + 1 >= int((self.params or {}).get("epochs") or 0) or self.model.stop_training
        if last:
            rescue.finish()
        else:
            rescue.flush()
        self.state = rescue.state
        self._write()
        if self.state.stopped is not None:
            self._exhausted()

    def on_train_end(self, logs: Logs = None) -> None:
        self._close()

    # State

    def _start_state(self) -> State:
        """What a killed run left beside its backup, else a new state."""
        path = None if self.backup_dir is None else self.backup_dir / STATE_FILE
        if path is None or not path.is_file():
            # A schedule cannot be lowered for good, so a second fit has the factor on top of it again.
            return State(scale=self._carried)
        state, self.events = _saved(path)
        return state

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
        self._carried = 1.0 if rescue.close() else self.state.scale

    # Reporting

    def _report(self, event: Event) -> None:
        if self._rescue is not None:
            self.state = self._rescue.state
        if len(self.events) < EVENTS_LIMIT:
            self.events.append(event)
        if event.kind != "skip":
            self._write()
        if not self._prints() or (event.kind == "skip" and self.state.skipped > SKIPS_PRINTED):
            return
        where = f"epoch {(event.epoch or 0) + 1}, step {event.step}"
        print(f"\nLRBackoff: {event.kind} at {where}: {event.text}", flush=True)

    def _stand_aside(self, why: str) -> None:
        text = f"LRBackoff cannot work {why}: this fit runs without it, and bad updates are not skipped"
        self.events.append(Event("off", text))
        works = "Without a strategy, or with MirroredStrategy in float32, it works."
        on_tensorflow = keras.backend.backend() == "tensorflow"
        warnings.warn(f"{text}. {works}" if on_tensorflow else f"{text}.", stacklevel=2)

    def _prints(self) -> bool:
        return bool((self.params or {}).get("verbose", 1)) if self.verbose == "auto" else bool(self.verbose)

    def _exhausted(self) -> None:
        assert self._rescue is not None
        self.state = self._rescue.state
        if self.on_exhausted == "raise":
            reason = self.state.stopped
            self._close()
            raise TrainingDiverged(f"training diverged: {reason}")
        self.model.stop_training = True


def _saved(path: Path) -> tuple[State, list[Event]]:
    """Returns what `LRBackoff._write` left in a file. Raises ValueError where another program wrote it."""
    saved = json.loads(path.read_text(encoding="utf-8"))
    saved = saved if isinstance(saved, dict) else {}
    return loads(json.dumps(saved.get("state"))), [Event(**e) for e in saved.get("events", ())]


def _watched(monitor: Monitor | Collection[Monitor]) -> tuple[str, ...]:
    watched = (monitor,) if isinstance(monitor, str) else tuple(monitor or ())
    if not watched or any(w not in ("loss", "gradients") for w in watched):
        raise ValueError(
            f"LRBackoff: monitor={monitor!r} names nothing to watch. Pass 'loss', 'gradients' or both."
        )
    return watched


def _one_of(name: str, value: object, known: tuple[object, ...]) -> None:
    if value not in known:
        refuse(name, value, f"one of {', '.join(map(repr, known))}")
