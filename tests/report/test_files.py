"""Writing reports: at once or not at all, and a clear word when it cannot be done."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lossdoctor.report import files


def test_a_reader_never_meets_half_a_file(tmp_path, monkeypatch):
    """The new text appears in one move; when that fails the old text is still there, and no litter."""
    path = tmp_path / "report.json"
    files.write(path, "old")

    def broken(source, target):
        assert Path(source).read_text() == "new" * 1000
        assert path.read_text() == "old"
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(ValueError, match="No space left on device"):
        files.write(path, "new" * 1000)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["report.json"]


def test_links_are_followed_and_permissions_are_the_usual_ones(tmp_path):
    """A link to a report stays a link, and others may read the file as far as the umask lets them."""
    (tmp_path / "link.json").symlink_to(tmp_path / "real.json")
    files.write(tmp_path / "link.json", "text")
    (tmp_path / "plain").write_text("")
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "real.json").read_text() == "text"
    assert (tmp_path / "real.json").stat().st_mode == (tmp_path / "plain").stat().st_mode


@pytest.mark.parametrize("path", ["", ".", "no/such/folder/report.json", "/dev/null/report.json"])
def test_paths_that_cannot_be_written_are_named(path, tmp_path, monkeypatch):
    """A folder, a missing folder, an empty name: what came and what to pass."""
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ValueError, match="pass a") as caught:
        files.write(path, "text")
    assert repr(path) in str(caught.value)


@pytest.mark.parametrize(
    ("ending", "start"), [("json", "{"), ("html", "<!doctype html>"), ("txt", "LossDoctor")]
)
def test_save_goes_by_the_ending(sick, tmp_path, ending, start):
    """save() writes the form that the name says."""
    path = tmp_path / f"report.{ending}"
    sick.save(path)
    assert path.read_text().startswith(start)


def test_save_with_another_ending_says_which_there_are(sick, tmp_path):
    """An ending that means nothing to us is named."""
    with pytest.raises(ValueError, match=r"report\.pdf.*\.json, \.html or \.txt"):
        sick.save(tmp_path / "report.pdf")
