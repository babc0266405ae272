"""Columns of numbers (metric -> values) to a Record, whatever the columns are called."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from lossdoctor.record import Event, Record

# What other loggers call Keras's own names. Lower case, every separator an underscore.
ALIASES = {
    "train_loss": "loss",
    "training_loss": "loss",
    "loss_train": "loss",
    "loss_training": "loss",
    "epoch_loss": "loss",
    "valid_loss": "val_loss",
    "validation_loss": "val_loss",
    "loss_val": "val_loss",
    "loss_valid": "val_loss",
    "loss_validation": "val_loss",
    "lr": "learning_rate",
    "train_accuracy": "accuracy",
    "train_acc": "accuracy",
}
COUNTERS = frozenset({"epoch", "step", "batch", "iteration", "index", "unnamed:_0", ""})
MISSING = frozenset({"", "na", "n/a", "none", "null", "-"})  # Keras's CSVLogger writes NA


def from_columns(columns: Mapping[str, Any], source: str, events: Iterable[Event] = ()) -> Record:
    """Returns a Record from columns by metric name.

    Args:
        columns: metric -> values in order of epochs. A value is a number or a text of one; None, "" and
            "NA" mean that there was no value, NaN means that the value was NaN.
        source: what `Record.source` says: "history", "csv" or "tensorboard".
        events: what was already left out on reading.

    Raises:
        ValueError: neither a loss nor a validation loss is among the columns, or it holds no number.
    """
    series: dict[str, np.ndarray] = {}
    notes = list(events)
    for name, values in columns.items():
        metric = metric_name(str(name))
        if metric in COUNTERS:
            continue
        found = _series(str(name), values, notes)
        if f"epoch.{metric}" not in series and found is not None:
            series[f"epoch.{metric}"] = found
    if "epoch.loss" not in series and "epoch.val_loss" not in series:
        raise ValueError(_no_loss(columns, notes))
    return Record(series=series, events=tuple(notes), source=source, stopped="finished")


def from_frame(frame: Any) -> tuple[dict[str, list[Any]], str, list[Event]]:
    """Returns the arguments of `from_columns` for a pandas DataFrame.

    pandas writes NaN where a cell is empty, as in logs with a row for training and one for validation. A
    loss that became NaN stays NaN; so NaN before a later number is taken for an empty cell.
    """
    columns: dict[str, list[Any]] = {}
    notes = []
    for name in frame.columns:
        values = [None if _is_na(v) else v for v in list(frame[name])]
        numbers = [parse(v) for v in values]
        last = max((i for i, n in enumerate(numbers) if n is not None and math.isfinite(n)), default=-1)
        gaps = [i for i, n in enumerate(numbers) if i < last and n is not None and math.isnan(n)]
        if gaps:
            notes.append(
                left_out(f"{len(gaps)} cells of {str(name)!r} hold NaN before a number: taken for empty")
            )
            # with gaps in the middle the NaN at the end are empty cells of the same kind
            values = [v for v, n in zip(values, numbers, strict=True) if n is None or not math.isnan(n)]
        columns[str(name)] = values
    return columns, "history", notes


def _is_na(value: Any) -> bool:
    """Whether this is pandas.NA or NaT, which are no numbers."""
    return type(value).__name__ in ("NAType", "NaTType")


def metric_name(name: str) -> str:
    """Returns Keras's name for a column: "Train Loss" -> "loss", "val/loss" -> "val_loss"."""
    plain = re.sub(r"[\s/.\-]+", "_", name.strip().lower())
    return ALIASES.get(plain, plain)


def left_out(text: str) -> Event:
    """Returns the event for something that could not be read."""
    return Event("left-out", text)


def _series(name: str, values: Any, notes: list[Event]) -> np.ndarray | None:
    """Returns the values as floats [epochs], None when they are no numbers; says so in `notes`."""
    try:
        given = [values] if isinstance(values, (str, bytes, int, float)) else list(values)
    except TypeError:
        notes.append(left_out(f"{name!r} was left out: it is no list of numbers but {type(values).__name__}"))
        return None
    numbers = [parse(v) for v in given]
    wrong = [v for v, n in zip(given, numbers, strict=True) if n is None and not is_missing(v)]
    found = [n for n in numbers if n is not None]
    if not found:
        notes.append(left_out(f"{name!r} was left out: it holds no number" + _sample(wrong)))
        return None
    if wrong:
        text = f"{len(wrong)} of {len(given)} values of {name!r} are no numbers and were left out"
        notes.append(left_out(text + _sample(wrong)))
    return np.array(found)


def _sample(wrong: list[Any]) -> str:
    return f" (such as {str(wrong[0])[:30]!r})" if wrong else ""


def parse(value: Any) -> float | None:
    """Returns a number from a number or its text ("nan", "-inf", "1e3"), None from anything else."""
    if isinstance(value, bool):
        return None
    try:
        return float(value)  # before anything else: a long file has tens of millions of cells
    except (TypeError, ValueError, OverflowError):
        return None


def is_missing(value: Any) -> bool:
    """Whether a cell stands for "no value here" (which is not NaN)."""
    return value is None or (isinstance(value, str) and value.strip().lower() in MISSING)


def _no_loss(columns: Mapping[str, Any], notes: list[Event]) -> str:
    names = [str(name)[:30] for name in columns]
    if not names:
        return "the history is empty: pass the logs of a run that finished at least one epoch"
    empty = [e.text for e in notes if "loss" in e.text]
    if empty:
        return f"the history holds no usable loss ({empty[0]}): pass at least one number per epoch"
    shown = ", ".join(repr(n) for n in names[:8]) + (", ..." if len(names) > 8 else "")
    return f"no column is named 'loss' or 'val_loss' (found {shown}): pass logs with the loss of each epoch"
