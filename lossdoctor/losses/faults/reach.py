"""Output activations that cannot take the values that the targets or the loss want."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.losses.faults.fault import LIKELY, POSSIBLE, PROVEN, Fault, span
from lossdoctor.losses.heads import Head
from lossdoctor.record import Target

SLACK = 0.02  # targets this share of their range beyond the reach are the scaling's rounding
MANY, SOME = 0.05, 0.01  # share of targets out of reach from which the fault is proven, likely
ROW_SUM = 0.02


def values(head: Head) -> Iterator[Fault]:
    """Yields the fault of an output that cannot take the values of the targets."""
    target = head.numbers
    if target is None or target.coding == "constant" or not head.loss:
        return
    if head.activation == "softmax" and (head.columns or 1) > 1:
        yield from _row_sums(target)
        return
    low, high = head.range
    lowest = max(target.low, head.loss.low) if head.loss.low is not None else target.low
    beyond = max(low - lowest, target.high - high)
    if beyond <= SLACK * (target.high - target.low):
        return
    share = _share(target, low, high)
    text = (
        f"the {head.activation} output only takes values of {span(low, high)}, but the targets are "
        f"{span(target.low, target.high)}"
    )
    text += f": {share:.0%} of them are out of reach." if share else "."
    yield Fault(_grade(head, share, beyond / target.std if target.std else 0.0), text, by_harm=True)


def _share(target: Target, low: float, high: float) -> float | None:
    """Returns the share of the targets out of reach, None when it was not counted."""
    below = {0.0: "<0", -1.0: "<-1"}.get(low)
    counted = [target.shares.get(name) for name in (below, ">1" if high == 1 else None) if name]
    return sum(s for s in counted if s is not None) if counted and None not in counted else None


def _grade(head: Head, share: float | None, beyond: float) -> str:
    if head.activation == "softmax":  # one column against several units: the number of units is the fault
        return LIKELY
    if share is None:
        return PROVEN if beyond > 1 else LIKELY
    return PROVEN if share >= MANY else LIKELY if share >= SOME else POSSIBLE


def _row_sums(target: Target) -> Iterator[Fault]:
    if abs(target.row_sum_low - 1) > ROW_SUM or abs(target.row_sum_high - 1) > ROW_SUM:
        sums = span(target.row_sum_low, target.row_sum_high)
        yield Fault(PROVEN, f"the softmax's outputs sum to 1, but the targets' rows sum to {sums}.")


def direction(head: Head) -> Iterator[Fault]:
    """Yields the fault of outputs that cannot point where the targets do."""
    target = head.numbers
    if target is None or head.range.low < 0 or target.low >= 0:
        return
    share = target.shares.get("<0", 1.0)
    text = (
        f"the {head.activation} output is never negative, but {share:.0%} of the targets are: it cannot "
        "point there."
    )
    yield Fault(PROVEN if share >= MANY else POSSIBLE, text, by_harm=True)


def margin(head: Head) -> Iterator[Fault]:
    low, high = head.range
    if low >= 0 or high <= 0:
        side, sign = ("-1", "negative") if low >= 0 else ("1", "positive")
        text = (
            f"the {head.activation} output is never {sign}, but the labels of {_title(head)} are the sides "
            "-1 and 1: "
            f"rows on the side {side} never get there, and each costs at least 1."
        )
        yield Fault(PROVEN, text)
    elif low > -0.9:
        text = (
            f"the {head.activation} output goes no lower than {low:.2g}, but the margin of {_title(head)} "
            "is at -1."
        )
        yield Fault(LIKELY, text)


def positive(head: Head) -> Iterator[Fault]:
    if head.range.low < 0:
        text = (
            f"the {head.activation} output can be negative, and the Poisson loss takes its logarithm: that "
            "is NaN."
        )
        yield Fault(LIKELY, text, by_harm=True)
    yield from values(head)


def _title(head: Head) -> str:
    return head.loss.title if head.loss else "the loss"
