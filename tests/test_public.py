"""The public names: all there, none loaded before it is used."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import lossdoctor

PROMISED = {  # public names: add, never rename
    "LossDoctor", "LRBackoff", "checkup", "diagnose", "find_learning_rate", "Report", "Diagnosis", "Remedy",
    "load_report", "Record", "Event", "Symptom",
}  # fmt: skip
HEAVY = ("tensorflow", "keras", "matplotlib", "scipy", "jinja2", "rich", "pandas")


def run(code):
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_promised_names_are_listed():
    """__all__ and dir() show the public names."""
    assert set(lossdoctor.__all__) == PROMISED
    assert set(dir(lossdoctor)) >= PROMISED


def test_import_loads_nothing_heavy():
    """`import lossdoctor` is a matter of milliseconds."""
    loaded = f"[m for m in {HEAVY} if m in sys.modules]"
    assert run(f"import sys, lossdoctor; print({loaded})") == "[]"


def test_report_and_load_report_need_no_tensorflow():
    """Reading and showing a saved report works where TensorFlow is not."""
    code = "import sys, lossdoctor; lossdoctor.Report, lossdoctor.load_report, lossdoctor.diagnose;"
    assert run(code + " print([m for m in ('tensorflow', 'keras') if m in sys.modules])") == "[]"


@pytest.mark.parametrize("name", sorted(PROMISED))
def test_every_name_is_what_its_file_calls_so(name):
    """Each promised name resolves, to the same object each time, and is callable."""
    value = getattr(lossdoctor, name)
    assert value is getattr(lossdoctor, name)
    assert value.__name__ == name
    assert callable(value)


def test_no_file_of_the_package_hides_a_public_name():
    """`import lossdoctor.checkup` would put a module where the function is promised."""
    files = {path.stem for path in Path(lossdoctor.__file__).parent.iterdir()}
    assert not files & PROMISED


def test_a_wrong_name_says_which_there_are():
    """A typing slip is answered with the names that exist."""
    with pytest.raises(AttributeError, match=r"no attribute 'LossDocter'; it has .*LossDoctor"):
        lossdoctor.LossDocter  # noqa: B018
