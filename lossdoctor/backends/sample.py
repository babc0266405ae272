"""Sample: rows of the user's data, kept for the examination and the trials."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SAMPLE_ROWS = 256  # at most so many; the standard error of an accuracy on them is 0.03


@dataclass(frozen=True)
class Sample:
    """Rows of the data as the step got them.

    `x`, `y` and `sample_weight` are pytrees of numpy arrays with the same number of rows (axis 0);
    `y` and `sample_weight` may be None.
    """

    x: Any
    y: Any = None
    sample_weight: Any = None

    @property
    def rows(self) -> int:
        from keras import tree

        leaves = tree.flatten(self.x)
        return int(leaves[0].shape[0]) if leaves else 0
