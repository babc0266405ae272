"""Where the loss stands, against a constant answer."""

from __future__ import annotations

import numpy as np
import pytest
from record_factory import HEALTHY, bare, evaluation, falling, run, speaks, task

from lossdoctor.record import Record
from lossdoctor.symptoms import DETECTORS

ONE = task(1.0)
GUESSING = {"final": {"accuracy": 0.52, "majority": 0.5}}
KNOWING = {"final": {"accuracy": 0.95, "majority": 0.5}}
USELESS = {"final": {"explained": 0.1}}
LINE = np.linspace(1.0, 0.7, 90)

SPEAKS = [
    ("loss-start-high", run(falling(40, 1), **ONE), 40, ("40", "40 times the 1 ")),
    ("loss-stuck-at-baseline", run(falling(3, 1), **ONE), 1.0, ("ended at 1.0", "costs (1)")),
    ("loss-above-baseline", run(falling(3, 2), **ONE), 2.0, ("worse than the 1 of",)),
    (
        "loss-at-zero",
        run(np.zeros(50), **ONE, experiments={"evaluation": USELESS}),
        0.0,
        ("0.10 of the variance",),
    ),
    (
        "loss-below-zero",
        run(falling(1, -5), **task(0.7, "binary_crossentropy")),
        -4.96,
        ("fell to -4.9", "binary"),
    ),
    ("accuracy-at-chance", evaluation(**GUESSING), 0.02, ("0.52", "0.50")),
    ("accuracy-metric-low", bare([1.0], accuracy=[0.42]), 0.42, ("0.42",)),
    ("loss-runs-away", run(-np.geomspace(1, 1e4, 100)), 4329, ("down to -1e+04",)),
    ("learned", run(falling(2, 0.2), **ONE), 0.79, ("from 2 to 0.2", "a constant answer: 1")),
    ("learned", bare([2.0, 1.0, 0.5]), 0.75, ("from 2 to 0.5.",)),
    ("loss-at-floor", run(np.ones(50), **task(1.0, floor=0.95)), 0.0, ("entropy is 1,",)),
    ("loss-still-falling", bare([3.0, 2.0, 1.5, 1.2]), 0.4, ("40.0%", "last 3 epochs")),
    ("loss-half-way", run(LINE, **ONE), 1.0, ("without slowing", "of 1 for")),
]
SILENT = [
    ("loss-start-high", run(falling(2.5, 1), **ONE)),
    ("loss-start-high", run(falling(40, 1))),  # nothing to compare with
    ("loss-stuck-at-baseline", run(falling(3, 0.9), **ONE)),
    ("loss-stuck-at-baseline", HEALTHY["starts at its optimum"]),
    ("loss-above-baseline", run(falling(3, 1.1), **ONE)),
    ("loss-at-zero", run(np.zeros(50), **ONE, experiments={"evaluation": {"final": {"explained": 1.0}}})),
    ("loss-below-zero", run(falling(1, 0), **task(0.7, "binary_crossentropy"))),
    ("loss-below-zero", run(falling(1, -5), **task(0.7, "custom:elbo"))),
    ("loss-below-zero", run(falling(1, -1), **task(0.7, "cosine_similarity"))),
    ("accuracy-at-chance", evaluation(**KNOWING)),
    ("accuracy-metric-low", bare([1.0], accuracy=[0.93])),
    ("loss-runs-away", HEALTHY["negative loss"]),
    ("loss-runs-away", run(falling(1, -200))),  # far below zero, but it has settled
    ("learned", run(falling(1, 2), **ONE)),
    ("learned", Record()),
    ("loss-at-floor", run(np.ones(50), **task(1.0, floor=0.5))),
    ("loss-still-falling", bare([3.0, 1.0, 1.0, 1.0])),
    ("loss-half-way", run(falling(1, 0.7, n=90), **ONE)),  # it slowed down
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
