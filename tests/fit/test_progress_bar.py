"""The trials' progress bar: on a terminal only, and never when lossdoctor is to be silent."""

from __future__ import annotations

import io

import pytest

from lossdoctor.fit.progress_bar import bar


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_what_is_tried_as_it_is_written() -> None:
    """Square brackets in a remedy are no markup."""
    file = Terminal()
    with bar(True, file) as progress:
        assert progress is not None
        progress(1, 3, "Use [bold]")
    assert "lossdoctor tries" in file.getvalue()
    assert "[bold]" in file.getvalue()


@pytest.mark.parametrize(
    ("show", "file"), [(False, Terminal()), (True, io.StringIO())], ids=["silent", "pipe"]
)
def test_elsewhere_nothing_is_drawn(show: bool, file: io.StringIO) -> None:
    """verbose=0, or output that goes to a file or a pipe."""
    with bar(show, file) as progress:
        assert progress is None
    assert file.getvalue() == ""
