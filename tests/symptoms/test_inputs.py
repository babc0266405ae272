"""Scale, offset and outliers of inputs and targets."""

from __future__ import annotations

import numpy as np
import pytest
from record_factory import HEALTHY, inputs, run, speaks

from lossdoctor.record import Array, Data, Layer, Record, Setup, Target
from lossdoctor.symptoms import DETECTORS


def given(*arrays: Array, first: str = "Dense", **parts) -> Record:
    """A record with these inputs, whose model begins with a layer of that kind."""
    layers = (Layer("in", "InputLayer"), Layer("one", first))
    return Record(setup=Setup(layers=layers), data=Data(inputs=arrays, **parts))


def batches(rms: np.ndarray) -> Record:
    return run(np.ones(len(rms)), series={"input_rms": rms})


def rows(count: int, epochs: int = 2) -> Record:
    """Epochs of ten batches with so many rows together."""
    return run(np.ones(10 * epochs), epochs=epochs, series={"rows": np.full(10 * epochs, count / 10)})


def labels(outlier: float, coding: str = "real") -> Record:
    target = Target(
        "y", "float32", (1,), 64, outlier=outlier, outlier_row=5, outlier_column=0, high=9e4, coding=coding
    )
    return Record(data=Data(targets=(target,)))


ODD = np.where(np.arange(50) == 30, 90.0, 1.0)
FAR = {"outlier": 400.0, "outlier_row": 12, "outlier_column": 1}


def padded(share: float, *, steps: int = 60, mask: bool = False, kind: str = "LSTMCell", **config) -> Record:
    """Rows of word numbers, `share` of them zeros at the end, an Embedding and one recurrent layer."""
    layers = (
        Layer("words", "Embedding", config={"mask_zero": mask}),
        Layer("memory", kind, config={"return_sequences": False, "go_backwards": False} | config),
    )
    rows = Array("x", "int32", (steps,), 200, integers=True, padded=share)
    return Record(setup=Setup(layers=layers), data=Data(inputs=(rows,)))


SPEAKS = [
    ("padding-unmasked", padded(0.8), 0.8, ("80% of the 60 steps", "memory reads them")),
    ("features-unscaled", given(inputs(100, 60)), 116.6, ("from -80 to 280", "square 117")),
    (
        "features-unscaled",
        given(inputs([0, 0, 0], [1, 1, 300])),
        173.2,
        ("300-fold", "column 2 (-900 to 900)"),
    ),
    ("features-offset", given(inputs([65, 70], 1)), 67.5, ("around 67.5", "only 1 (67.5")),
    ("features-tiny", given(inputs(0, 0.002)), 0.002, ("0.002",)),
    ("inputs-constant", given(inputs(3, 0)), 1.0, ("value, 3.",)),
    ("inputs-outlier", given(inputs([0, 0], 1, **FAR)), 400, ("400 robust", "row 12", "column 1")),
    ("inputs-outlier", batches(ODD), 90, ("step 31 are 90 times",)),
    ("targets-outlier", labels(400.0), 400, ("400 robust", "row 5", "9e+04")),
    ("rows-few", rows(60), 60, ("60 rows",)),
]
SILENT = [
    ("padding-unmasked", padded(0.8, mask=True)),
    ("padding-unmasked", padded(0.4)),
    ("padding-unmasked", padded(0.8, steps=10)),  # a state outlasts eight steps
    ("padding-unmasked", padded(0.8, return_sequences=True)),  # something else reads the steps
    ("padding-unmasked", padded(0.8, go_backwards=True)),
    ("padding-unmasked", padded(0.8, kind="Conv1D")),
    *(("inputs-outlier", record) for record in HEALTHY.values()),
    ("features-unscaled", given(inputs(0.5, 2))),
    ("features-unscaled", given(inputs([0, 0], [1, 0.01]))),  # a small column beside one of size 1
    ("features-unscaled", given(inputs(100, 60), first="Normalization")),
    ("features-unscaled", given(inputs(100, 60), first="Embedding")),
    ("features-offset", given(inputs([3, 3], 1))),
    ("features-offset", given(inputs([70, 0, 0], 1))),  # one column of three
    ("features-offset", given(inputs(0.9, 0.1))),  # far in standard deviations, near in size
    ("features-offset", given(inputs(70, 1), first="BatchNormalization")),
    ("features-tiny", given(inputs(0, 0.05))),
    ("features-tiny", given(inputs(0, 0))),
    ("inputs-constant", given(inputs(3, 0.01))),
    ("inputs-constant", given(inputs(3, 0, rows=2))),
    ("inputs-outlier", given(inputs([0, 0], 1, outlier=20.0))),
    ("inputs-outlier", batches(np.exp(np.random.default_rng(0).normal(0, 0.5, 200)))),
    ("inputs-outlier", batches(np.where(np.arange(50) % 2, 90.0, 1.0))),  # every other batch: two sources
    ("targets-outlier", labels(20.0)),
    ("targets-outlier", labels(400.0, "integer")),
    ("rows-few", rows(1000)),
]


def test_rows_of_merged_batches_are_not_counted():
    """Where a row of the series stands for several batches, the rows of an epoch are not known."""
    merged = run(np.ones(20), epochs=2, series={"rows": np.full(20, 6.0), "step": np.arange(20) * 8})
    assert DETECTORS["rows-few"](merged) is None


def test_the_largest_numbers_do_not_overflow():
    """A mean whose square is no number any more: the outlier's share of the variance is a number all the same."""
    symptom = DETECTORS["inputs-outlier"](given(Array("x", "float64", (1,), 9, mean=1e308, std=2.0, **FAR)))
    assert symptom.details["share"] == 0.0


def test_a_mean_outside_of_the_range_does_not_overflow_either():
    """A record from a file may be inconsistent: the bulk's width is then not below zero."""
    numbers = Array("x", "float64", (1,), 9, mean=0.0, std=1e-200, **(FAR | {"low": 1e200, "high": -1e200}))
    assert DETECTORS["inputs-outlier"](given(numbers)).details["share"] == 1.0


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
