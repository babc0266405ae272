"""What is known of a model's earlier fits: how far it was trained, and whether its optimizer was made anew since."""

from __future__ import annotations

import weakref
from dataclasses import dataclass
from typing import Any

_KNOWN: weakref.WeakKeyDictionary[Any, Earlier] = weakref.WeakKeyDictionary()


@dataclass
class Earlier:
    """The fits of one model that were watched so far.

    Attributes:
        updates: made in all of them together.
        iterations: the optimizer's count at the end of the last one.
        first: its count at the beginning of the present one.
        restarts: how often a fit began with a lower count than the one before had ended with.
        training, experiments: seconds that training, and the experiments at their ends, took in all of them.
    """

    updates: int = 0
    iterations: int = 0
    first: int = 0
    restarts: int = 0
    training: float = 0.0
    experiments: float = 0.0

    @property
    def affords(self) -> bool:
        """Whether experiments may be made again: all of them together take a tenth of the training at most."""
        return self.experiments <= 0.1 * self.training


def begin(model: Any) -> Earlier:
    """Returns what is known of a model when a fit of it begins."""
    earlier = _KNOWN.setdefault(model, Earlier())
    earlier.first = iterations(model)
    if earlier.updates and earlier.first < earlier.iterations:
        earlier.restarts += 1
    return earlier


def end(model: Any, updates: int, seconds: float) -> None:
    """Notes that a fit of a model is over, after so many updates and seconds."""
    earlier = _KNOWN.setdefault(model, Earlier())
    earlier.updates += updates
    # Of the optimizer that made them: another callback may have compiled anew at the very end.
    earlier.iterations = max(iterations(model), earlier.first + updates)
    earlier.training += seconds


def iterations(model: Any) -> int:
    """Returns the count of updates of a model's optimizer, 0 when it has none."""
    from keras import ops

    try:
        return int(ops.convert_to_numpy(model.optimizer.iterations))
    except (AttributeError, TypeError, ValueError):
        return 0
