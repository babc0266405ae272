"""Pace: decides between steps whether there is time for a flush, a weight sample or a check."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager

SHARES = {"weights": 0.25, "check": 0.25, "norms": 0.5}  # of the budget; flushes come every so many steps


class Pace:
    """Keeps each kind of our own work below a share of the training time.

    Args:
        budget: share of the running time that may go to one kind of work, 0 to 1.
    """

    def __init__(self, budget: float):
        self._budget = budget
        self.started = time.perf_counter()
        self.seconds: dict[str, float] = {}
        self._next: dict[str, float] = {}  # kind: from when on the next work of it is paid for

    def share(self, kind: str) -> float:
        """Returns the share of the running time that may go to that kind of work."""
        return self._budget * SHARES[kind]

    def due(self, kind: str) -> bool:
        """True when enough time has passed since the last work of that kind to pay for the next one."""
        return time.perf_counter() >= self._next.get(kind, 0.0)

    @contextmanager
    def timed(self, kind: str) -> Iterator[None]:
        start = time.perf_counter()
        try:
            yield
        finally:
            end = time.perf_counter()
            self.seconds[kind] = self.seconds.get(kind, 0.0) + end - start
            if kind in SHARES:
                share = self.share(kind)
                self._next[kind] = end + (end - start) / share if share > 0.0 else math.inf

    def elapsed(self) -> float:
        """Seconds since the run began."""
        return time.perf_counter() - self.started
