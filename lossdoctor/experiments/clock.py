"""Clock: how much of the time for trials is left."""

from __future__ import annotations

import time
from collections.abc import Callable


class Clock:
    """Counts from its making.

    Example:
        >>> clock = Clock(5.0, now=iter([0.0, 2.0]).__next__)
        >>> clock.left
        3.0
    """

    def __init__(self, seconds: float, now: Callable[[], float] = time.perf_counter) -> None:
        self.seconds, self._now = seconds, now
        self._start = now()

    @property
    def spent(self) -> float:
        """Seconds since the start."""
        return self._now() - self._start

    @property
    def left(self) -> float:
        """Seconds until the end, below 0 when over time."""
        return self.seconds - self.spent
