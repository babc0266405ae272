"""Pace: decides between steps whether there is time for a read, a look or a check."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARES = {"look": 0.25, "check": 0.25, "norms": 0.5}  # of the budget; reads come every so many steps


class Pace:
    """Keeps each kind of our own work below a share of the training time.

    Args:
        budget: share of the running time that may go to one kind of work, 0 to 1.
    """

    def __init__(self, budget: float):
        self._budget = budget
        self.started = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self._last: dict[str, tuple[float, float]] = {}  # kind: (when it ended, how long it took)

    def share(self, kind: str) -> float:
        """Returns the share of the running time that may go to that kind of work."""
        return self._budget * SHARES[kind]

    def due(self, kind: str) -> bool:
        """True when enough time has passed since the last work of that kind to pay for the next one."""
        ended, took = self._last.get(kind, (0.0, 0.0))
        return (time.perf_counter() - ended) * self.share(kind) >= took

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            end = time.perf_counter()
            self.seconds[kind] = self.seconds.get(kind, 0.0) + end - start
            self._last[kind] = (end, end - start)

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.started
