"""Class labels in a coding, range or kind that the loss does not take."""

from __future__ import annotations

from collections.abc import Iterator

import lossdoctor.losses.loss_row as loss_row
from lossdoctor.losses.faults.fault import LIKELY, MANY, POSSIBLE, PROVEN, Fault, counted, span
from lossdoctor.losses.heads import Head
from lossdoctor.record import Target

SLACK = 0.02  # labels this far beyond [0, 1] come from resizing or rounding
ROW_SUM = 1e-2
AMOUNT = 20  # labels this many times the number of units are no class numbers


def by_shape(head: Head) -> Iterator[Fault]:
    """Yields what the targets' shape alone proves: one column where rows belong, or the other way round."""
    assert head.loss
    columns, units = head.columns or 1, head.units or 1
    if head.loss.units == loss_row.CLASSES and columns > 1:
        text = f"the targets have {columns} columns; {head.loss.title} takes one class number per row."
        yield Fault(PROVEN, text)
    elif (
        head.loss.needs == loss_row.SIMPLEX
        and head.loss.units != loss_row.CLASSES
        and columns == 1
        and units > 1
    ):
        text = f"the targets have 1 column; {head.loss.title} takes one-hot rows of {units}."
        yield Fault(PROVEN, text)


def sparse(head: Head, target: Target) -> Iterator[Fault]:
    units = head.units or 0
    ignored = head.output.loss_config.get("ignore_class")
    if (head.columns or 1) > 1:
        text = (
            f"the targets have {head.columns} columns ({target.coding}); this loss takes one class number "
            "per row."
        )
        yield Fault(PROVEN, text)
    elif not target.integers:
        text = (
            f"the labels are fractions of {span(target.low, target.high)}; the loss cuts them to whole "
            "numbers."
        )
        yield Fault(PROVEN, text)
    elif target.low < 0 and target.low != ignored:
        yield Fault(PROVEN, f"the labels go down to {target.low:.4g}; classes are numbered from 0.")
    elif target.high >= units and target.high != ignored:
        yield from _out_of_range(target, units)


def _out_of_range(target: Target, units: int) -> Iterator[Fault]:
    silent = "an error on the CPU, a silent NaN under XLA"
    known = f"{units} units stand for 0 to {units - 1}" if units != 1 else "1 unit stands for 0 alone"
    if target.high > AMOUNT * max(units, 5):
        values = span(target.low, target.high)
        yield Fault(PROVEN, f"targets of {values} are no class numbers for {counted(units, 'unit')}.")
    elif target.low >= 1 and target.high == units:
        yield Fault(PROVEN, f"the labels run from {target.low:.4g} to {units}, but {known}: {silent}.")
    else:
        yield Fault(LIKELY, f"the labels go up to {target.high:.4g}, but {known}: {silent}.")


def rows(head: Head, target: Target) -> Iterator[Fault]:
    if head.columns == 1:
        yield from _one_column(head, target)
    elif target.low < 0 or target.high > 1 + SLACK:
        text = (
            f"the label rows hold {span(target.low, target.high)}; this loss takes shares of 0 to 1 that "
            "sum to 1."
        )
        yield Fault(PROVEN, text)
    elif target.row_sum_high > 1 + ROW_SUM:
        sums = span(target.row_sum_low, target.row_sum_high)
        text = f"the label rows sum to {sums}, not to 1."
        if target.coding == "multi-hot":
            text = f"the label rows sum to {sums}: several classes at once, each a yes or no of its own."
        yield Fault(PROVEN, text)
    elif target.row_sum_low < 1 - ROW_SUM:
        grade = POSSIBLE if target.row_sum_low == 0 else LIKELY  # rows of zeros are a usual way to mask
        yield Fault(grade, f"some label rows sum to only {target.row_sum_low:.3g}, not to 1.", by_harm=True)


def _one_column(head: Head, target: Target) -> Iterator[Fault]:
    assert head.loss
    if target.coding == "constant":
        return
    if target.coding == "binary" and head.units == 1:
        text = (
            f"one column of 0 and 1 under {head.loss.title}: yes or no labels belong to binary cross-entropy."
        )
        yield Fault(LIKELY, text)
        return
    what = "class numbers" if target.integers else "numbers"
    text = (
        f"the targets are one column of {what} ({span(target.low, target.high)}); {head.loss.title} takes "
        "one-hot rows."
    )
    yield Fault(PROVEN, text)


def yes_or_no(head: Head, target: Target) -> Iterator[Fault]:
    beyond = max(-target.low, target.high - 1)
    if beyond <= 0:
        return
    assert head.loss
    text = f"the labels are {span(target.low, target.high)}, but {head.loss.title} is for labels of 0 to 1."
    if target.coding == "integer" and target.distinct > 2:
        text = (
            f"the labels are class numbers of {span(target.low, target.high)}, but {head.loss.title} knows "
            "0 and 1."
        )
    yield Fault(grade_beyond(target), text)


def grade_beyond(target: Target) -> str:
    """Returns how sure it is that labels beyond [0, 1] are a fault: resized images overshoot a little."""
    beyond = max(-target.low, target.high - 1)
    outside = target.shares.get("<0", 1.0) + target.shares.get(">1", 1.0)
    if beyond <= SLACK:
        return POSSIBLE
    return PROVEN if outside >= MANY or beyond > 0.5 else LIKELY


def sides(head: Head, target: Target) -> Iterator[Fault]:
    assert head.loss
    if target.coding == "binary" and head.range.low >= 0:
        text = (
            f"labels of 0 and 1 under {head.loss.title} are turned into -1 and 1 by Keras; the output is not."
        )
        yield Fault(POSSIBLE, text)
    if target.coding in head.loss.codings or (target.coding == "constant" and abs(target.low) <= 1):
        return
    text = (
        f"the labels are {span(target.low, target.high)} ({target.coding}); {head.loss.title} takes the "
        "sides -1 and 1."
    )
    yield Fault(PROVEN, text)


def one_hot_scores(head: Head, target: Target) -> Iterator[Fault]:
    assert head.loss
    if head.columns == 1 and (head.units or 1) > 1:
        text = (
            f"the targets are one column ({span(target.low, target.high)}), broadcast over {head.units} "
            "units."
        )
        yield Fault(PROVEN, text)
    elif target.coding not in ("one-hot", "constant"):
        grade = LIKELY if target.coding in ("multi-hot", "sign", "distribution") else PROVEN
        yield Fault(
            grade,
            f"the targets are {target.coding} rows ({span(target.low, target.high)}), not one-hot rows.",
        )
