"""Losses that have no lower bound on these targets."""

from __future__ import annotations

from collections.abc import Iterator

import lossdoctor.losses.loss_row as loss_row
from lossdoctor.losses.faults.class_labels import ROW_SUM, grade_beyond
from lossdoctor.losses.faults.fault import LIKELY, PROVEN, Fault, span
from lossdoctor.losses.heads import Head
from lossdoctor.record import Target


def bound_faults(head: Head) -> Iterator[Fault]:
    """Yields why the loss of `head` can fall for ever; custom losses give nothing."""
    if head.loss is None or head.numbers is None:
        return
    if head.loss.needs == loss_row.PROBABILITY:
        yield from _beyond_yes_and_no(head.numbers)
    elif (
        head.loss.needs == loss_row.SIMPLEX and (head.columns or 1) > 1 and head.loss.name != "kl_divergence"
    ):
        yield from _beyond_shares(head.numbers)
    elif head.loss.needs == loss_row.POSITIVE and head.numbers.low < 0:
        text = (
            f"with targets down to {head.numbers.low:.4g} the Poisson loss falls as the output nears 0, "
            "for ever."
        )
        yield Fault(PROVEN, text)


def _beyond_yes_and_no(target: Target) -> Iterator[Fault]:
    beyond = max(-target.low, target.high - 1)
    if beyond > 0:
        text = (
            f"with labels of {span(target.low, target.high)} binary cross-entropy has no lower bound: each "
            "step towards a "
            "surer answer lowers it."
        )
        yield Fault(grade_beyond(target), text)


def _beyond_shares(target: Target) -> Iterator[Fault]:
    if target.low < 0:
        text = f"with labels down to {target.low:.4g} the cross-entropy has no lower bound."
        yield Fault(PROVEN, text)
    elif target.row_sum_high > 1 + ROW_SUM:
        text = (
            f"label rows that sum to {target.row_sum_high:.3g} make the gradient (softmax minus labels) "
            "that of a loss "
            "without lower bound."
        )
        yield Fault(LIKELY, text)
