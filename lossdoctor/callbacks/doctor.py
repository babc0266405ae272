"""LossDoctor: the one callback that people add to `model.fit`."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Literal

import keras

from lossdoctor import backends, keras_private
from lossdoctor.callbacks.lr_backoff import LRBackoff
from lossdoctor.diagnosis import Findings, conclude
from lossdoctor.fit.after_fit import experimented, repaired
from lossdoctor.fit.arguments import checked_ignore, checked_path
from lossdoctor.fit.monitor import Monitor
from lossdoctor.record import Event, Record
from lossdoctor.report import Report
from lossdoctor.report.text import live_line
from lossdoctor.symptoms import LIVE

YOUNG_SECONDS = 60.0
TRIAL_SECONDS = 15.0  # in which the replays of a small model are made on a busy machine too


class UnhealthyRun(RuntimeError):
    """Raised at the end of training by LossDoctor(strict=True) when the run is not healthy."""


class LossDoctor(keras.callbacks.Callback):
    """Watches the loss and the gradients from inside the compiled step, and says why training goes wrong.

    Args:
        backoff: None to watch only; True or an LRBackoff to save a diverging run (see LRBackoff).
        ignore: cause ids or codes that are never reported, e.g. ("overfitting", "LD301").
        report: path to write the report to while training goes on: ".json", ".html" or ".txt".
        trial_seconds: time for replays after a sick run, in seconds; by default the larger of 15 s and 10 % of the
            training time. 0 leaves out all experiments, also the cheap ones at the end of every fit.
        budget: share of the training time that lossdoctor may use between steps, and for the norms of large
            gradients within them, 0 to 1.
        log_dir: folder for TensorBoard events (batch loss, gradient norms, findings), or None.
        strict: raise UnhealthyRun at the end of a run that is not healthy, also of an inconclusive one (for CI).
        verbose: "auto" (as `fit`'s own), 0 (print nothing), 1 (findings and report).

    Raises:
        ValueError: an argument makes no sense; its message says what to pass.

    Example:
        >>> doctor = LossDoctor()
        >>> model.fit(x, y, epochs=20, callbacks=[doctor])  # doctest: +SKIP
        >>> doctor.report.healthy  # doctest: +SKIP
        False
    """

    def __init__(
        self,
        *,
        backoff: LRBackoff | bool | None = None,
        ignore: Collection[str] = (),
        report: str | os.PathLike[str] | None = None,
        trial_seconds: float | None = None,
        budget: float = 0.02,
        log_dir: str | os.PathLike[str] | None = None,
        strict: bool = False,
        verbose: Literal["auto", 0, 1, 2] = "auto",
    ):
        super().__init__()
        self.ignore = checked_ignore(ignore)
        self.path = checked_path(report)
        if trial_seconds is not None and not trial_seconds >= 0:
            raise ValueError(f"trial_seconds={trial_seconds!r}: pass a number of seconds >= 0, or None")
        if not 0 < budget <= 1:
            raise ValueError(f"budget={budget!r}: pass a share of the training time, above 0 and at most 1")
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(f"verbose={verbose!r}: pass 'auto', 0 or 1")
        self.trial_seconds, self.budget, self.strict, self.verbose = trial_seconds, budget, strict, verbose
        self.log_dir = log_dir
        self.backoff = _checked_backoff(backoff)
        self._monitor: Monitor | None = None
        self._report: Report | None = None
        self._warned = False
        self._said: set[str] = set()
        self._off: str | None = None  # why nothing is watched

    def __deepcopy__(self, memo: Any) -> LossDoctor:
        # Tuners copy callbacks before fit; a copy starts afresh and holds no model.
        import copy

        return LossDoctor(
            backoff=copy.deepcopy(self.backoff, memo), ignore=self.ignore, report=self.path,
            trial_seconds=self.trial_seconds, budget=self.budget, log_dir=self.log_dir,
            strict=self.strict, verbose=self.verbose,
        )  # fmt: skip

    # What Keras calls

    def set_params(self, params: Any) -> None:
        super().set_params(params)
        if self.backoff is not None:
            self.backoff.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.backoff is not None:
            self.backoff.set_model(model)

    def on_train_begin(self, logs: Any = None) -> None:
        self._report, self._said, self._monitor, self._warned = None, set(), None, False
        self._off = backends.unsupported()
        if self._off is not None:
            warnings.warn(f"{self._off}: this fit runs unwatched.", stacklevel=2)
        else:
            with self._guard("start watching"):
                monitor = Monitor(self.model, dict(self.params or {}), self.budget)
                self._monitor = monitor
                keras_private.fit_watch(lambda: self._left(monitor))
        if self.backoff is not None:
            self.backoff.on_train_begin(logs)

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        if self._monitor is not None:
            self._monitor.epoch = epoch
        if self.backoff is not None:
            self.backoff.on_epoch_begin(epoch, logs)

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        # Nothing of ours runs after a batch: a callback that does makes Keras wait for each step to end.
        if self._monitor is not None and self._monitor.due():
            with self._guard("measure the steps"):
                self._monitor.before_batch()
        if self.backoff is not None:
            self.backoff.on_train_batch_begin(batch, logs)

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        if self.backoff is not None:
            self.backoff.on_epoch_end(epoch, logs)
        if self._monitor is not None:
            with self._guard("measure the steps"):
                self._monitor.end_epoch(dict(logs or {}))
                if self._monitor.pace.due("check"):
                    with self._monitor.pace.timed("check"):
                        self._check()

    def on_test_begin(self, logs: Any = None) -> None:
        if self.backoff is not None:
            self.backoff.on_test_begin(logs)

    def on_train_end(self, logs: Any = None) -> None:
        if self.backoff is not None:
            self.backoff.on_train_end(logs)
        if self._monitor is None:
            return
        self._finish("finished")
        with self._guard("print the report"):
            self._show()
        if self.strict and not self.report.healthy:
            raise UnhealthyRun(self.report.verdict)

    # The report

    @property
    def report(self) -> Report:
        """The report, also in the middle of training, after Ctrl-C and after an exception in fit."""
        with self._guard("make the report"):
            return self._current()
        # Even then there is a report: it says what went wrong with us.
        record = Record(events=tuple(self._monitor.events) if self._monitor else (), stopped="unknown")
        why = "lossdoctor could not judge this run."
        return Report(record, Findings("inconclusive", why, inconclusive_because=(why,)))

    def _current(self) -> Report:
        monitor = self._monitor
        if self._report is not None:
            return self._report
        _ = self.model  # asked for within an epoch on JAX, Keras gives the variables their values back
        if monitor is None:
            off = () if self._off is None else (Event("off", f"{self._off}."),)
            record = Record(events=off, stopped="not started", source="none")
            return Report(record, conclude(record, ignore=self.ignore))
        if monitor.stopped == "running" and monitor.steps.error:
            self._left(monitor)  # the step raised, only the traceback still holds fit's frame
        if monitor.stopped == "running":
            return self._make_report(monitor.record())
        # fit was left by an exception: the experiments were not run then, they are now.
        self._report = self._with_experiments()
        return self._report

    def _left(self, monitor: Monitor) -> None:
        """fit is gone. After on_train_end there is nothing left to do."""
        if monitor is self._monitor and monitor.stopped == "running":
            how = monitor.steps.error
            with backends.current().outside_of_trace():
                interrupted = how == "KeyboardInterrupt"
                self._finish("interrupted" if interrupted else f"error: {how or 'fit was left early'}")

    def _finish(self, stopped: str) -> None:
        monitor = self._monitor
        assert monitor is not None
        with self._guard("take its hooks out"):
            monitor.close(stopped)
        with self._guard("evaluate the layers"):
            monitor.evaluate_layers()
        with self._guard("write the report"):
            self._report = self._with_experiments() if stopped == "finished" else None
            self._write(self._report or self._make_report(monitor.record()))

    def _with_experiments(self) -> Report:
        monitor = self._monitor
        assert monitor is not None
        known, record = len(monitor.events), self._record()
        seconds = self.trial_seconds
        seconds = max(TRIAL_SECONDS, 0.1 * monitor.pace.elapsed()) if seconds is None else seconds
        if seconds > 0:
            with self._guard("run the experiments"):
                record = experimented(monitor, record, self.ignore, seconds, show=self._talks())
            record = replace(record, events=record.events + tuple(monitor.events[known:]))
        return self._make_report(record)

    def _record(self) -> Record:
        assert self._monitor is not None
        record = self._monitor.record()
        if self.backoff is not None:
            record = replace(record, events=record.events + tuple(self.backoff.events))
        return record

    def _make_report(self, record: Record) -> Report:
        findings = conclude(record, ignore=self.ignore)
        monitor = self._monitor
        repair: Callable[[], keras.Model] | None = None
        if monitor is not None:
            repair = lambda: repaired(monitor, record, findings)  # noqa: E731
        return Report(record, findings, repair=repair)

    # Speaking and writing

    def _check(self) -> None:
        """Says new findings in one line each, and flushes the report."""
        assert self._monitor is not None
        report = self._make_report(self._record())
        if self._talks():
            seen = {s.name: s for s in report.findings.symptoms if s.alarming}
            for name, topic in LIVE.items():
                if name in seen and topic not in self._said:
                    self._said.add(topic)
                    print(
                        "\n" + live_line(seen[name]), flush=True
                    )  # a line of its own, below the progress bar
        self._write(report)

    def _show(self) -> None:
        if self._talks() and self._report is not None:
            self._report.print(str(self.path) if self.path else None)

    def _write(self, report: Report) -> None:
        running = report.record.stopped == "running"
        # Plots take a second: while training goes on an HTML report is drawn only in long runs.
        if self.path is not None and not (running and self.path.suffix == ".html" and self._young()):
            report.save(self.path)
        if self.log_dir is not None and self._report is not None:
            from lossdoctor.fit.tensorboard import write_tensorboard

            write_tensorboard(report.record, report.findings, self.log_dir)

    def _young(self) -> bool:
        return self._monitor is not None and self._monitor.pace.elapsed() < YOUNG_SECONDS

    def _talks(self) -> bool:
        if self.verbose == "auto":
            return bool((self.params or {}).get("verbose", 1))
        return bool(self.verbose)

    @contextmanager
    def _guard(self, doing: str) -> Iterator[None]:
        """The one place where an error of ours ends: training goes on, it is said once and recorded."""
        try:
            yield
        except Exception as error:
            text = f"lossdoctor could not {doing}: {type(error).__name__}: {error}"[:500]
            if self._monitor is not None:
                self._monitor.events.append(Event("internal-error", text))
            if not self._warned:
                self._warned = True
                warnings.warn(f"{text}. Training is not affected; please report it.", stacklevel=2)


def _checked_backoff(backoff: LRBackoff | bool | None) -> LRBackoff | None:
    if backoff is None or backoff is False:
        return None
    if backoff is True:
        return LRBackoff()
    if isinstance(backoff, LRBackoff):
        return backoff
    raise ValueError(f"backoff={backoff!r}: pass None, True or an LRBackoff")
