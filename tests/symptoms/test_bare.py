"""What a bare history tells."""

from __future__ import annotations

import pytest
from record_factory import HEALTHY, bare, run, speaks

from lossdoctor.symptoms import DETECTORS

SPEAKS = [
    ("loss-at-log", bare([0.72, 0.694, 0.6932, 0.6931, 0.6931]), 2, ("0.6931 = ln(2)", "2 equally")),
    ("loss-at-log", bare([2.4, 2.304, 2.3026, 2.3026]), 10, ("ln(10)",)),
    ("loss-wild", bare([3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0]), 1.0986, ("200%",)),
    ("underfitting", bare([1.0, 0.999, 0.998, 0.995, 0.99]), 0.01, ("1.0%", "from 1 to 0.99")),
]
SILENT = [
    *((name, record) for name in ("loss-at-log", "loss-wild", "underfitting") for record in HEALTHY.values()),
    ("loss-at-log", bare([0.72, 0.71, 0.70, 0.70, 0.70])),
    ("loss-at-log", bare([3.0, 0.8, 0.6931, 0.66])),  # passing through
    ("loss-wild", bare([30.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0])),  # far below its start
    ("loss-wild", run([3.0, 1.0] * 50)),  # a fit tells more: see loss-oscillating
    ("underfitting", bare([1.0, 0.99, 0.98, 0.97, 0.95])),
    ("underfitting", bare([-1.0, -1.0, -1.0, -1.0, -1.0])),
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
