"""Scale and classes of the targets."""

from __future__ import annotations

from dataclasses import replace

import pytest
from record_factory import speaks, task

from lossdoctor.record import Data, Record, Target
from lossdoctor.symptoms import DETECTORS


def real(size: float, loss: str = "mean_squared_error", **output) -> Record:
    """Real targets around 0 of this size."""
    parts = task(1.0, loss, mean=0.0, std=size, low=-3 * size, high=3 * size)
    only = replace(parts["setup"].outputs[0], **output)
    return Record(setup=replace(parts["setup"], outputs=(only,)), data=parts["data"])


def classes(*counts: int, **target) -> Record:
    seen = Target("y", "int64", (1,), sum(counts), counts={str(i): n for i, n in enumerate(counts)}, **target)
    return Record(data=Data(targets=(seen,)))


SPEAKS = [
    ("targets-unscaled", real(500), 500, ("from -1500 to 1500", "deviation 500")),
    ("targets-unscaled", real(1e-5), 1e-5, ("-3e-05 to 3e-05",)),
    ("classes-imbalanced", classes(240, 16, coding="binary"), 0.9375, ("94%", "class 0 (of 2)")),
    ("targets-constant", classes(256, mean=7.0, coding="constant"), 7.0, ("All 256", "7.")),
]
SILENT = [
    ("targets-unscaled", real(3)),
    ("targets-unscaled", real(500, rescaled=True)),
    ("targets-unscaled", real(500, "sparse_categorical_crossentropy")),
    ("targets-unscaled", real(500, activations=("softmax",))),
    ("classes-imbalanced", classes(150, 106)),
    ("classes-imbalanced", classes(160, 50, 46)),
    ("classes-imbalanced", classes(240, 16, coding="multi-hot")),
    ("classes-imbalanced", classes(15, 1)),  # too few rows to tell
    ("targets-constant", classes(4, mean=7.0, coding="constant")),
    ("targets-constant", classes(256, coding="real")),
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
