"""What holds for every detector: it is listed, has examples on both sides, and never raises."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import runpy
import warnings
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_records import records
from record_factory import HEALTHY, bare, falling, run

from lossdoctor import symptoms
from lossdoctor.record import Record
from lossdoctor.symptoms import BEFORE_TRAINING, DETECTORS, LIVE, observe

SLOW = settings(deadline=None, max_examples=200)
# Verdicts that rest on the form of the curve alone; loss-spike asks for a size on the scale of the first losses.
SHAPES = ["loss-exploding", "loss-blew-up", "loss-rising", "loss-spike", "loss-oscillating", "loss-plateau"]
FOLDER = Path(__file__).parent


def detectors() -> list[object]:
    """All public functions Record -> Symptom | None that the files of the package define."""
    modules = [
        importlib.import_module(f"{symptoms.__name__}.{m.name}")
        for m in pkgutil.iter_modules(symptoms.__path__)
    ]
    return [
        f
        for module in modules
        for name, f in inspect.getmembers(module, inspect.isfunction)
        if f.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.signature(f).return_annotation == "Symptom | None"
        and list(inspect.signature(f).parameters) == ["record"]
    ]


def test_every_detector_is_listed_once():
    """Each detector of the package stands in DETECTORS exactly once, and nothing else does."""
    assert len(set(DETECTORS.values())) == len(DETECTORS)
    assert set(DETECTORS.values()) == set(detectors())


def test_names_of_the_short_lists_exist():
    """A name that is asked before or during training is the name of a detector."""
    assert set(BEFORE_TRAINING) | set(LIVE) <= set(DETECTORS)
    assert len(set(BEFORE_TRAINING)) == len(BEFORE_TRAINING)


@pytest.mark.parametrize("table", ["SPEAKS", "SILENT"])
def test_every_detector_has_an_example_and_a_near_miss(table):
    """The tables of the files beside this one name each detector."""
    files = [runpy.run_path(str(f)) for f in FOLDER.glob("test_*.py") if f.name != Path(__file__).name]
    assert {case[0] for file in files for case in file.get(table, ())} == set(DETECTORS)


@SLOW
@given(records)
def test_no_detector_raises(record):
    """Whatever the series hold, a detector speaks under its own name or keeps silent, and no warning is printed."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for name, symptom in observe(record).items():
            assert symptom.name == name and symptom.text
        observe(Record(series=record.series))


@SLOW
@given(
    st.integers(0, 10**6), st.sampled_from([1e-4, 0.01, 3.0, 1e4]), st.floats(0.01, 0.5), st.floats(0.05, 20)
)
def test_the_unit_of_a_loss_does_not_matter(seed, factor, sigma, end):
    """A positive loss times a constant shows the same shapes, where no baseline is known."""
    loss = falling(2.0, end, sigma=sigma, seed=seed)
    for make in (run, bare):
        one, other = ({n for n in SHAPES if DETECTORS[n](make(x))} for x in (loss, loss * factor))
        assert one == other


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy_runs_raise_no_alarm(name):
    """Noise, cycles of the rate, negative losses, optimal starts and bare histories alarm nobody."""
    assert [s.text for s in observe(HEALTHY[name]).values() if s.alarming] == []


@pytest.mark.parametrize("sigma", [0.1, 0.3, 0.5])
@pytest.mark.parametrize("end", [0.05, 0.5, 1.8])
def test_lognormal_noise_raises_no_alarm(sigma, end):
    """Batch losses scattered with up to sigma 0.5 around a falling curve never alarm, whatever the seed."""
    alarms = [
        (seed, s.name)
        for seed in range(40)
        for s in observe(run(falling(2.0, end, sigma=sigma, seed=seed))).values()
        if s.alarming
    ]
    assert alarms == []


def test_a_checkup_is_asked_only_about_the_start():
    """A record without training shows no symptom of training."""
    record = run(np.full(50, np.nan))
    assert "loss-non-finite" in observe(record)
    assert observe(Record(series=record.series, source="checkup")) == {}
