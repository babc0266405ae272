"""A progress bar for the trials, on a terminal only."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

Progress = Callable[[int, int, str], None]


@contextmanager
def bar(show: bool, file: TextIO | None = None) -> Iterator[Progress | None]:
    """Yields what trials report their progress to; None where nobody would see it.

    Args:
        show: whether lossdoctor may print at all.
        file: where to draw, sys.stdout by default. In a file or a pipe nothing is drawn.
    """
    file = sys.stdout if file is None else file
    if not show or not file.isatty():
        yield None
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn
    from rich.progress import Progress as Bar

    columns = (
        TextColumn("lossdoctor tries"),
        BarColumn(20),
        TextColumn("{task.description}", markup=False),  # a remedy may hold square brackets
    )
    with Bar(*columns, console=Console(file=file), transient=True) as drawn:
        task = drawn.add_task("the run as it was", total=None)
        yield lambda done, total, text: drawn.update(task, completed=done, total=total, description=text)
