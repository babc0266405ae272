"""Logs of a finished run, wherever they come from, to a Record."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from lossdoctor.history.logs import from_columns, from_frame
from lossdoctor.history.saved import from_path
from lossdoctor.record import Record

ACCEPTED = (
    "a keras History, a dict of lists such as history.history, a pandas DataFrame, or the path of a "
    "CSVLogger file, a TensorBoard folder, a saved record or a saved report"
)


def read(source: Any) -> Record:
    """Returns what the logs of a run hold as a Record.

    Args:
        source: a keras History (anything with a dict under `.history`), a dict of lists, a pandas
            DataFrame (anything with `.columns`), a Record, or a path: CSVLogger file, TensorBoard folder
            or event file, JSON that lossdoctor or `json.dump(history.history)` wrote.

    Returns:
        A Record with the series "epoch.loss", "epoch.val_loss", "epoch.<metric>"; events of kind
        "left-out" say what could not be read.

    Raises:
        ValueError: nothing in it can be used; one sentence names what came and what to pass.

    Example:
        >>> read({"loss": [1.0, 0.5], "val_loss": [1.1, 0.7]}).series["epoch.loss"]
        array([1. , 0.5])
    """
    if isinstance(source, Record):
        return source
    if isinstance(source, (str, os.PathLike)):
        return from_path(source)
    if isinstance(getattr(source, "history", None), Mapping):
        return from_columns(source.history, "history")
    if isinstance(source, Mapping):
        return from_columns(source, "history")
    if hasattr(source, "columns") and hasattr(source, "__getitem__"):
        return from_columns(*from_frame(source))
    raise ValueError(f"cannot read a training history from {type(source).__name__}: pass {ACCEPTED}")


__all__ = ["ACCEPTED", "read"]
