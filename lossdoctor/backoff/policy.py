"""Policy: the settings of a backoff, checked before training starts; and which snapshots to make and to drop."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NoReturn

SHARE = 0.05  # a rollback loses about this share of the steps done, and snapshots get ever rarer


@dataclass(frozen=True)
class Policy:
    """How to act. Steps are training batches.

    Attributes:
        factor: the rate is multiplied by this at a backoff, 0 < factor < 1. When the run blows up
            right after a cut three times over, the next cuts are deeper: factor squared, cubed, ...
        patience: bad steps in a row before going back to good weights.
        cooldown: steps after an action in which only explosions and non-finite steps count.
        max_backoffs: cuts of the rate in a run before giving up.
        min_lr: the rate is never cut below this.
        recover_after: quiet steps after which the rate may grow back towards the user's own, never above
            it and never to a rate that blew up before; None leaves it where it is.
        settle: share of the training at its end, 0 to 0.9, in which a run that was rescued goes down to the
            rate times `factor` in two cuts; 0 for none. A run without a backoff never settles. A fifth is
            what Haegele et al. (2024, arXiv 2405.18392) find enough for the cooldown after a constant rate.

    Raises:
        ValueError: a setting is out of range; the message says what to pass.

    Example:
        >>> Policy(factor=0.5).factor
        0.5
        >>> Policy(factor=2.0)
        Traceback (most recent call last):
        ValueError: LRBackoff: factor=2.0 is not possible. Pass a number between 0 and 1, such as 0.1.
    """

    factor: float = 0.1
    patience: int = 3
    cooldown: int = 5
    max_backoffs: int = 12
    min_lr: float = 0.0
    recover_after: int | None = 20
    settle: float = 0.2

    def __post_init__(self) -> None:
        if not _is_number(self.factor) or not 0.0 < self.factor < 1.0:
            refuse("factor", self.factor, "a number between 0 and 1, such as 0.1")
        if not _is_number(self.min_lr) or self.min_lr < 0.0:
            refuse("min_lr", self.min_lr, "a learning rate of 0 or more, such as 1e-6")
        if not _is_number(self.settle) or not 0.0 <= self.settle <= 0.9:
            refuse("settle", self.settle, "a share of the training between 0 (none) and 0.9, such as 0.1")
        for name, least in (("patience", 1), ("cooldown", 0), ("max_backoffs", 0)):
            check_count(name, getattr(self, name), least)
        if self.recover_after is not None:
            check_count("recover_after", self.recover_after, 1, "; None never raises the rate again")


def snapshot_due(step: int, last: int, every: int) -> bool:
    """Returns whether `step` is far enough from the last snapshot at `last`; `every`: steps between at least."""
    return step - last >= max(every, int(SHARE * step))


def check_count(name: str, value: object, least: int, more: str = "") -> None:
    """Raises ValueError unless `value`, of the argument `name`, is a whole number of `least` or more."""
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        refuse(name, value, f"a whole number of {least} or more{more}")


def refuse(name: str, value: object, instead: str) -> NoReturn:
    """Raises ValueError with the argument, its value and what to pass instead."""
    raise ValueError(f"LRBackoff: {name}={value!r} is not possible. Pass {instead}.")


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
