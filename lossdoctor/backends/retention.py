"""Which of several snapshots to drop when there is no room for another: pure arithmetic on step numbers."""

from __future__ import annotations

from collections.abc import Sequence


def to_drop(steps: Sequence[int], capacity: int) -> int | None:
    """Returns the index of the snapshot to drop, None while there is room.

    The first (the initial weights) and the newest always stay. Of the others goes the one whose neighbours
    lie closest in relation to their age, so that what stays reaches back by ever longer strides.

    Args:
        steps: step at which each was taken, ascending.
        capacity: how many there may be.

    Example:
        >>> to_drop([0, 10, 20, 30], 3)
        1
    """
    if len(steps) <= capacity:
        return None
    inner = range(1, len(steps) - 1)
    newest = steps[-1]
    return min(inner, key=lambda i: (steps[i + 1] - steps[i - 1]) / (newest - steps[i - 1]), default=0)
