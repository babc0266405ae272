"""Outputs with the wrong number of units."""

from __future__ import annotations

from collections.abc import Iterator

import lossdoctor.losses.loss_row as loss_row
from lossdoctor.losses.faults.class_labels import AMOUNT
from lossdoctor.losses.faults.coding import coding_faults
from lossdoctor.losses.faults.fault import LIKELY, POSSIBLE, PROVEN, Fault, counted
from lossdoctor.losses.heads import Head
from lossdoctor.record import Target


def shape_faults(head: Head, metrics: tuple[str, ...] = ()) -> Iterator[Fault]:
    """Yields what is wrong with the number of units of `head`; custom losses give nothing."""
    if head.loss is None or head.units is None:
        return
    yield from one_for_many(head)
    if head.loss.needs == loss_row.SIMPLEX and head.units == 1:
        text = f"{head.loss.title} over 1 unit has nothing to compare: its loss is 0 whatever the weights."
        yield Fault(PROVEN, text)
    elif head.target and head.target.coding == "unseen" and head.loss.units != loss_row.CLASSES:
        yield from _columns(head, head.target, head.units, head.columns or 1)
    elif head.numbers and head.columns:
        judge = _classes if head.loss.units == loss_row.CLASSES else _columns
        yield from judge(head, head.numbers, head.units, head.columns)
        if head.units == 1 and head.columns == 1:
            yield from _one_unit_for_classes(head, head.numbers, metrics)


def one_for_many(head: Head) -> Iterator[Fault]:
    """An output with an axis of time or place, and targets with one entry a row: each place gets the same one."""
    places = head.output.shape[:-1]
    if head.target is None or head.columns is None:
        return
    if set(head.target.shape) <= {1} and any(length != 1 for length in places):
        shape = " x ".join("any number of" if length is None else str(length) for length in places)
        text = (
            f"the output has {shape} places in each row, but the targets have one for the whole row: Keras "
            "broadcasts it, and every place has to give the answer by itself."
        )
        yield Fault(PROVEN, text)


def _classes(head: Head, target: Target, units: int, columns: int) -> Iterator[Fault]:
    ignored = head.output.loss_config.get("ignore_class")
    out = columns == 1 and target.integers and units <= target.high <= AMOUNT * max(units, 5)
    if out and target.high != ignored:
        need = int(target.high) + 1
        text = (
            f"labels up to {target.high:.4g} need {need} units, one for each class from 0; the output has "
            f"{units}."
        )
        yield Fault(LIKELY if target.low >= 1 and target.high == units else PROVEN, text)


def _columns(head: Head, target: Target, units: int, columns: int) -> Iterator[Fault]:
    """One unit per column of the targets. Keras broadcasts many mismatches without a word."""
    assert head.loss
    if units == columns:
        return
    if columns == 1 and head.loss.needs in (loss_row.SIMPLEX, loss_row.SCORE):
        return  # class numbers instead of one-hot rows: the coding is the fault
    refused = head.loss.needs in (loss_row.PROBABILITY, loss_row.SIMPLEX) or not target.shape
    end = "Keras refuses it" if refused else "Keras broadcasts them silently, each unit against every column"
    text = (
        f"the output has {counted(units, 'unit')}, but the targets have {counted(columns, 'column')}: {end}."
    )
    as_classes = columns == 1 and head.activation == "softmax" and target.integers
    yield Fault(LIKELY if as_classes else PROVEN, text)


def _one_unit_for_classes(head: Head, target: Target, metrics: tuple[str, ...]) -> Iterator[Fault]:
    """One unit where the labels number several classes."""
    assert head.loss
    if target.coding != "integer" or target.distinct < 3:
        return
    text = (
        f"1 unit cannot tell {target.distinct} classes apart: the labels {target.low:.4g} to "
        f"{target.high:.4g} need one each."
    )
    if head.loss.needs in (loss_row.PROBABILITY, loss_row.MARGIN):
        yield Fault(PROVEN, text)
    elif head.loss.needs == loss_row.REACH and any(f.grade != POSSIBLE for f in coding_faults(head, metrics)):
        yield Fault(POSSIBLE, text)
