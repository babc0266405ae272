"""CSV files of any size to a Record: read as a stream, condensed to at most 10,000 rows."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import numpy as np

from lossdoctor.history.logs import COUNTERS, from_columns, is_missing, left_out, metric_name, parse
from lossdoctor.record import Event, Record

ROWS = 5_000  # a column is halved when it reaches twice that: the finest plot shows fewer
LINE = 1 << 20  # characters; a longer line is no log
COLUMNS = 1_000  # columns beyond are left out: a log of that many metrics is not a loss curve
EXAMPLE = "pass a file that keras.callbacks.CSVLogger wrote: a line 'epoch,loss,...', then one row an epoch"


class Column:
    """Values as they come, condensed to means of ever longer runs of rows. A bucket is NaN when any of it was."""

    def __init__(self) -> None:
        self.width = 1  # rows in a bucket
        self.sums: list[float] = []
        self.open_sum, self.open_rows = 0.0, 0
        self.rows = 0

    def add(self, value: float) -> None:
        self.rows += 1
        self.open_sum += value
        self.open_rows += 1
        if self.open_rows == self.width:
            self.sums.append(self.open_sum)
            self.open_sum, self.open_rows = 0.0, 0
            if len(self.sums) == 2 * ROWS:
                self._halve()

    def _halve(self) -> None:
        self.sums = [a + b for a, b in zip(self.sums[::2], self.sums[1::2], strict=True)]
        self.width *= 2

    def values(self) -> np.ndarray:
        """Returns the means [buckets], the last one over what is left."""
        rest = [self.open_sum / self.open_rows] if self.open_rows else []
        return np.array([s / self.width for s in self.sums] + rest)


def from_csv(file: Path) -> Record:
    """Returns a Record from a CSV file with a header; the separator may be , ; or a tab.

    Raises:
        ValueError: there is no header with a loss, or no row below it.
    """
    with file.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
        lines = _lines(stream)
        header = next(lines, "")
        delimiter = max(",;\t", key=header.count)
        names = [name.strip() for name in next(csv.reader([header], delimiter=delimiter), [])]
        _check_header(names)
        rows = csv.reader(lines, delimiter=delimiter)
        columns, tally = _collect(names[:COLUMNS], rows)
    if not any(column.rows for column in columns.values()):
        raise ValueError(f"there is a header but no row of numbers below it; {EXAMPLE}")
    values = {name: column.values() for name, column in columns.items() if column.rows}
    return from_columns(values, "csv", tally.events(columns))


def _check_header(names: list[str]) -> None:
    if names and all(parse(name) is not None for name in names):
        raise ValueError(f"the first line holds numbers ({names[0]!r}, ...) and no column names; {EXAMPLE}")
    if not any(metric_name(name) in ("loss", "val_loss") for name in names):
        shown = ", ".join(repr(name[:30]) for name in names[:8]) + (", ..." if len(names) > 8 else "")
        raise ValueError(f"no column is named 'loss' or 'val_loss' (found {shown}); {EXAMPLE}")


def _lines(stream: TextIO) -> Iterator[str]:
    """Yields lines without blank ones and NUL characters (csv stumbles over those)."""
    while line := stream.readline(LINE):
        if len(line) >= LINE:
            raise ValueError(f"a line of more than {LINE} characters: this is no log; {EXAMPLE}")
        line = line.replace("\0", "")
        if line.strip():
            yield line


@dataclass
class Tally:
    """What was met on the way that the record must mention."""

    ragged: int = 0
    runs: int = 1
    short: bool = False  # the last row was too short: a file cut off in mid-line
    wrong: Counter[str] = field(default_factory=Counter)

    def events(self, columns: dict[str, Column]) -> list[Event]:
        notes = []
        if self.ragged:
            cut = ", the last of them cut off" if self.short else ""
            notes.append(
                f"{self.ragged} rows do not have as many cells as the header{cut}; what fits was read"
            )
        if self.runs > 1:
            notes.append(f"The file holds {self.runs} runs one after the other; only the last was read")
        notes += [
            f"{n} values of {name!r} are no numbers and were left out" for name, n in self.wrong.items()
        ]
        width = max((column.width for column in columns.values()), default=1)
        if width > 1:
            notes.append(f"The file is long: each point stands for the mean of {width} rows")
        notes += [f"{name!r} was left out: it holds no number" for name, c in columns.items() if not c.rows]
        return [left_out(text) for text in notes]


def _collect(names: list[str], rows: Iterator[list[str]]) -> tuple[dict[str, Column], Tally]:
    """Returns the columns of the last run in the file, and what else was met."""
    wanted = [(i, name) for i, name in enumerate(names) if metric_name(name) not in COUNTERS]
    clock = next((i for i, name in enumerate(names) if metric_name(name) == "epoch"), None)
    columns, tally, epoch = {name: Column() for _, name in wanted}, Tally(), -1.0
    for row in _guarded(rows):
        header = row == names
        now = epoch if header or clock is None else _epoch(row, clock, epoch)
        if now < epoch or (header and clock is None):  # CSVLogger(append=True) in a second run
            columns, tally = {name: Column() for name in columns}, Tally(runs=tally.runs + 1)
        epoch = now
        if not header:
            _add(row, wanted, columns, tally)
            tally.short = len(row) < len(names)
            tally.ragged += len(row) != len(names)
    return columns, tally


def _epoch(row: list[str], clock: int, before: float) -> float:
    value = parse(row[clock]) if clock < len(row) else None
    return before if value is None else value


def _add(row: list[str], wanted: list[tuple[int, str]], columns: dict[str, Column], tally: Tally) -> None:
    for index, name in wanted:
        if index >= len(row):
            return
        value = parse(row[index])
        if value is not None:
            columns[name].add(value)
        elif not is_missing(row[index]):
            tally.wrong[name] += 1


def _guarded(rows: Iterator[list[str]]) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise ValueError(f"not a CSV file ({error}); {EXAMPLE}") from None
