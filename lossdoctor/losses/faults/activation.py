"""Output activations that do not go with the loss, or cannot take the targets' values."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import lossdoctor.losses.loss_row as loss_row
import lossdoctor.losses.output_range as output_range
from lossdoctor.losses.faults.fault import LIKELY, MANY, POSSIBLE, PROVEN, Fault, span
from lossdoctor.losses.heads import Head
from lossdoctor.record import Target

HIGH_FLOOR = 0.3  # a cross-entropy that cannot fall below this has no healthy end; ln 2 is guessing
LOW_FLOOR = 0.01
SQUASHING = ("sigmoid", "hard_sigmoid")
SLACK = 0.02  # targets this share of their range beyond the reach are the scaling's rounding
SOME = 0.01  # share of targets out of reach from which the fault is likely; proven from MANY
ROW_SUM = 0.02
NO_LOGITS = ("binary_focal_crossentropy", "categorical_focal_crossentropy", "kl_divergence")


def activation_faults(head: Head) -> Iterator[Fault]:
    """Yields what is wrong with the output activation of `head`.

    Nothing for custom losses, rescaled outputs and activations that are not Keras's own.
    """
    if head.loss is None or not head.readable:
        return
    if head.activation == "softmax" and head.units == 1 and len(head.output.shape) <= 1:
        text = (
            "a softmax over one unit is 1 whatever the inputs (Keras warns of it): the output cannot learn."
        )
        yield Fault(PROVEN, text)
        return
    judge = _JUDGES.get(head.loss.needs)
    if judge:
        yield from judge(head)


def _probability(head: Head) -> Iterator[Fault]:
    last = head.activation
    if head.output.from_logits and last in ("sigmoid", "softmax"):
        yield from _logits_twice(head, last)
    elif not head.output.from_logits and last == "softmax":
        yield _softmax_over_labels(head)
    else:
        behind = (*head.chain, "sigmoid") if head.output.from_logits else head.chain
        found = output_range.reach(behind, head.units)
        yield from _outside_probability(head, found) if found else ()


def _logits_twice(head: Head, last: str) -> Iterator[Fault]:
    assert head.loss
    if head.loss.name in NO_LOGITS:
        again = output_range.reach((last, "sigmoid"), head.units) or output_range.Range(0, 1)
        text = (
            f"from_logits=True puts a second sigmoid on the {last} output: probabilities of {span(*again)} "
            "only."
        )
        yield Fault(PROVEN, text)
        return
    text = (
        f"from_logits=True, but the output is a {last} already. Keras warns and takes the numbers behind it."
    )
    yield Fault(POSSIBLE, text, by_harm=True)


def _softmax_over_labels(head: Head) -> Fault:
    target = head.numbers
    if target and target.coding == "multi-hot":
        sums = span(target.row_sum_low, target.row_sum_high)
        several = target.row_sum_high > 1
        text = f"the softmax's outputs sum to 1, but the labels' rows sum to {sums}: labels must not compete."
        return Fault(PROVEN if several else LIKELY, text, by_harm=True)
    text = (
        "a softmax goes into binary cross-entropy, which judges each unit as a yes or no of its own; "
        "Keras takes the numbers behind the softmax, so it trains, but not towards the outputs shown."
    )
    return Fault(POSSIBLE, text, by_harm=True)


def _outside_probability(head: Head, found: output_range.Range) -> Iterator[Fault]:
    target = head.numbers
    if found.low < 0 or found.high > 1:
        yield Fault(PROVEN, _clipped(head))
        return
    if target and target.coding == "real" and found.low <= target.low and target.high <= found.high:
        return
    floor = max(-math.log(max(1 - found.low, 1e-7)), -math.log(max(found.high, 1e-7)))
    if floor > LOW_FLOOR:
        names = " after ".join(reversed(head.chain))
        text = (
            f"the probability can only be {span(*found)} ({names}), so the loss of one class stays above "
            f"{floor:.2g}."
        )
        yield Fault(PROVEN if floor > 0.99 * math.log(2) else LIKELY, text)


def _clipped(head: Head) -> str:
    assert head.loss
    return (
        f"the {head.activation} output is taken for probabilities (from_logits is False): the loss clips "
        "what is not "
        "between 0 and 1, and clipped outputs get no gradient."
    )


def _simplex(head: Head) -> Iterator[Fault]:
    assert head.loss
    last = head.activation
    if head.output.from_logits and head.loss.logits:
        if last in ("softmax", "sigmoid") and head.loss.name not in NO_LOGITS:
            yield from _logits_twice(head, last)
        elif head.chain and last != "log_softmax":
            yield from _flattened(head, head.chain)
    elif last == "softmax":
        yield from _flattened(head, head.chain[:-1])
    elif last in SQUASHING:
        yield from _squashed(head)
    elif last in head.loss.never:
        yield Fault(PROVEN, _no_distribution(head))


def _squashed(head: Head) -> Iterator[Fault]:
    """A sigmoid where a softmax belongs. Keras takes the numbers behind it, if the loss asks for logits."""
    assert head.loss
    behind = head.activation == "sigmoid" and head.loss.name not in NO_LOGITS
    if head.loss.name == "kl_divergence" or (head.loss.units == loss_row.CLASSES and not behind):
        yield Fault(PROVEN, _no_distribution(head))
        return
    text = (
        f"the {head.activation} outputs do not sum to 1, as {head.loss.title} needs. Keras trains it like "
        "a "
        "softmax, but the outputs are no probabilities, and several can be exactly 1.0 at once."
    )
    yield Fault(POSSIBLE, text, by_harm=True)
    if behind:
        yield from _flattened(head, head.chain[:-1])


def _no_distribution(head: Head) -> str:
    assert head.loss
    if head.loss.name == "kl_divergence":
        return (
            f"the rows of the {head.activation} output need not sum to 1: outputs of 1 everywhere bring "
            "the KL "
            "divergence to 0 or below, without learning anything."
        )
    return _clipped(head)


def _flattened(head: Head, chain: tuple[str, ...]) -> Iterator[Fault]:
    """A softmax over a limited range of numbers, which `chain` leaves, cannot become sure of a class."""
    inner, units = output_range.reach(chain, head.units), head.units or 2
    if not chain or inner is None:
        return
    best = output_range.softmax_reach(inner, units).high
    floor = -math.log(best)
    names = " over ".join(("softmax", *reversed(chain)))
    if floor > LOW_FLOOR:
        text = (
            f"{names}: no class of {units} can get more than {best:.2g}, so the loss stays above {floor:.2g}."
        )
        yield Fault(PROVEN if floor > HIGH_FLOOR else LIKELY, text)
    elif inner.low == 0:
        text = f"{names}: numbers below 0 are cut off before the softmax, so a class can die for good."
        yield Fault(POSSIBLE, text, by_harm=True)


def _values(head: Head) -> Iterator[Fault]:
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


def _direction(head: Head) -> Iterator[Fault]:
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


def _margin(head: Head) -> Iterator[Fault]:
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


def _positive(head: Head) -> Iterator[Fault]:
    if head.range.low < 0:
        text = (
            f"the {head.activation} output can be negative, and the Poisson loss takes its logarithm: that "
            "is NaN."
        )
        yield Fault(LIKELY, text, by_harm=True)
    yield from _values(head)


def _title(head: Head) -> str:
    return head.loss.title if head.loss else "the loss"


_JUDGES: dict[str, Callable[[Head], Iterator[Fault]]] = {
    loss_row.PROBABILITY: _probability,
    loss_row.SIMPLEX: _simplex,
    loss_row.MARGIN: _margin,
    loss_row.POSITIVE: _positive,
    loss_row.REACH: _values,
    loss_row.DIRECTION: _direction,
}
