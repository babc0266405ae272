"""When to make a snapshot and which to drop: pure arithmetic on step numbers."""

from __future__ import annotations

SHARE = 0.05  # a rollback loses about this share of the steps done, and snapshots get ever rarer


def due(step: int, last: int, every: int) -> bool:
    """True when `step` is far enough from the last snapshot at `last`."""
    return step - last >= max(every, int(SHARE * step))


def drop(steps: list[int], capacity: int) -> int | None:
    """Returns the index of the snapshot to drop, None while there is room.

    The first (the initial weights) and the newest always stay. Of the others goes the one whose neighbours
    lie closest in relation to their age, so that what stays reaches back by ever longer strides.
    """
    if len(steps) <= capacity:
        return None
    inner = range(1, len(steps) - 1)
    newest = steps[-1]
    return min(inner, key=lambda i: (steps[i + 1] - steps[i - 1]) / (newest - steps[i - 1]), default=0)
