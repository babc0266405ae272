"""What is handed out: the wheel holds every file that is needed, and the version is told of."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

import lossdoctor

ROOT = Path(__file__).parents[1]
DATA_FILES = [f for f in (ROOT / "lossdoctor").rglob("*") if f.is_file() and f.suffix not in (".py", ".pyc")]
NEEDED_TO_BUILD = ("pyproject.toml", "README.md", "LICENSE", "lossdoctor")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory) -> zipfile.ZipFile:
    """A wheel built from a copy, so that nothing is left lying in the work tree."""
    folder = tmp_path_factory.mktemp("build")
    for name in NEEDED_TO_BUILD:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, folder / name)
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (built,) = (folder / "dist").glob("*.whl")
    return zipfile.ZipFile(built)


def test_wheel_holds_every_module_and_data_file(wheel):
    """Every module, the templates, the JSON schema and the typing marker are in the wheel, and no test is."""
    inside = set(wheel.namelist())
    modules = (ROOT / "lossdoctor").rglob("*.py")
    wanted = {f.relative_to(ROOT).as_posix() for f in [*modules, *DATA_FILES]}
    assert {"lossdoctor/py.typed", "lossdoctor/report/schema.json"} <= wanted
    assert wanted <= inside
    assert not [name for name in inside if not name.startswith("lossdoctor")]


def test_wheel_metadata(wheel):
    """The wheel names its command, its licence, its extras and the Python that it needs."""
    (metadata,) = (n for n in wheel.namelist() if n.endswith("METADATA"))
    text = wheel.read(metadata).decode()
    assert f"Version: {lossdoctor.__version__}" in text
    assert "Requires-Python: >=3.10" in text
    assert {"report", "dev"} <= set(re.findall(r"Provides-Extra: (\w+)", text))
    (entry,) = (n for n in wheel.namelist() if n.endswith("entry_points.txt"))
    assert "lossdoctor = lossdoctor.cli:main" in wheel.read(entry).decode()
    assert [n for n in wheel.namelist() if n.endswith("LICENSE")]


def test_the_version_has_a_heading_in_the_changelog():
    """CHANGELOG.md has a dated heading for the version that the package bears."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(
        rf"^## \[{re.escape(lossdoctor.__version__)}\] - \d{{4}}-\d\d-\d\d$", changelog, re.MULTILINE
    )


def test_the_oldest_versions_are_those_declared():
    """`make oldest` installs exactly the lower bounds of pyproject.toml."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    declared = dict(re.findall(r'"([\w-]+)>=([\d.]+)"', project))
    pinned = dict(re.findall(r"^([\w-]+)==([\d.]+)$", (ROOT / "tests/oldest.txt").read_text(), re.MULTILINE))
    assert len(pinned) > 10
    for name, version in pinned.items():
        assert f"{version}.".startswith(f"{declared[name]}."), name


def test_ci_calls_make_test_and_nothing_else():
    """.ci/run can be executed and runs `make test`."""
    script = ROOT / ".ci" / "run"
    lines = [line for line in script.read_text().splitlines() if line and not line.startswith("#")]
    assert script.stat().st_mode & 0o111
    assert [line for line in lines if "make" in line] == ["exec make test"]


def test_public_names_are_all_there():
    """Each name in lossdoctor.__all__ can be had, and a wrong one is answered with those that exist."""
    for name in lossdoctor.__all__:
        assert getattr(lossdoctor, name) is not None
    with pytest.raises(AttributeError, match="LossDoctor"):
        _ = lossdoctor.LosDoctor
