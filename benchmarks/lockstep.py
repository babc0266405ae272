"""Fits that take turns within one process, some steps each, so that all meet the machine in the same state.

A slow second of the machine is longer than a fit of a small model: fits one after the other then differ by ten per
cent without a reason. Here each runs in a thread of its own, and only one of them at a time.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

import keras

from lossdoctor.fit import pace

CHUNK = 25  # steps of a turn


class Lockstep:
    """Threads that take turns. Time that passes while one waits does not count for it."""

    def __init__(self) -> None:
        self._queue: deque[int] = deque()
        self._turn = threading.Condition()
        self._own = threading.local()
        self._errors: list[BaseException] = []

    def run(self, jobs: Sequence[Callable[[], None]]) -> None:
        """Runs all jobs to their ends. lossdoctor's clock, too, stands still while its fit waits.

        Raises:
            RuntimeError: a job raised.
        """
        self._queue = deque(range(len(jobs)))
        threads = [threading.Thread(target=self._job, args=pair) for pair in enumerate(jobs)]
        real, pace.time = pace.time, self  # type: ignore[attr-defined, assignment]
        try:
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
        finally:
            pace.time = real  # type: ignore[attr-defined]
        if self._errors:
            raise RuntimeError("a fit failed") from self._errors[0]

    def _job(self, number: int, job: Callable[[], None]) -> None:
        self._own.number, self._own.wall, self._own.cpu = number, 0.0, 0.0
        self._wait()
        try:
            job()
        except BaseException as error:
            self._errors.append(error)
        with self._turn:
            self._queue.remove(number)
            self._turn.notify_all()

    def pass_on(self) -> None:
        """Lets the next job go on and waits for this one's turn."""
        with self._turn:
            self._queue.rotate(-1)
            self._turn.notify_all()
        self._wait()

    def _wait(self) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        with self._turn:
            self._turn.wait_for(lambda: self._queue[0] == self._own.number)
        self._own.wall += time.perf_counter() - wall
        self._own.cpu += time.process_time() - cpu

    def perf_counter(self) -> float:
        """Returns seconds on the wall clock, without those in which this thread waited for its turn."""
        return time.perf_counter() - getattr(self._own, "wall", 0.0)

    def process_time(self) -> float:
        """Returns seconds of the processor, without those in which this thread waited for its turn."""
        return time.process_time() - getattr(self._own, "cpu", 0.0)


class Turn(keras.callbacks.Callback):
    """Passes the turn on after so many steps of a fit. The last of its callbacks."""

    def __init__(self, lockstep: Lockstep) -> None:
        super().__init__()
        self._lockstep, self._steps = lockstep, 0

    def on_train_batch_begin(self, batch: int, logs: Any = None) -> None:
        self._steps += 1
        if self._steps % CHUNK == 0:
            self._lockstep.pass_on()
