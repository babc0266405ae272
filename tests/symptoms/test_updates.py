"""How far steps and whole runs move the weights."""

from __future__ import annotations

import numpy as np
import pytest
from record_factory import falling, run, sampled, speaks

from lossdoctor.record import Record
from lossdoctor.symptoms import DETECTORS

STEPS = np.arange(400)
COSINE = 0.005 * (1 + np.cos(np.pi * STEPS / 400))
CLIFF = np.where(STEPS < 20, 0.1, 1e-5)
DYING = [[0.01]] * 4 + [[1e-7]] * 4


def moved(*shares: float) -> Record:
    """A run that moved its matrices by these shares of themselves."""
    size = np.ones((1, len(shares)))
    return sampled(size, size, size, series={"moved": np.array(shares), "step": np.arange(50)})


SPEAKS = [
    ("updates-huge", sampled(1, 1, [[0.001, 0.001], [0.001, 2.0]]), 2.0, ("Step 11", "weights of b by 200%")),
    ("updates-tiny", sampled(1, 1, [[1e-6, 1e-7]] * 3), 1e-6, ("1e-06",)),
    ("weights-stood-still", moved(0.001, 0.004), 0.004, ("0.40%",)),
    ("updates-died", sampled(1, 1, DYING), 1e-5, ("by 0.01 of", "by 1e-07 at the end")),
    (
        "rate-collapsed",
        run(np.linspace(2, 1, 400), series={"learning_rate": CLIFF}),
        0.95,
        ("from 0.1 to 1e-05", "95%"),
    ),
]
SILENT = [
    ("updates-huge", sampled(1, 1, [[0.1]] * 3)),
    ("updates-huge", sampled(1, 1, [[np.nan]] * 3)),
    ("updates-tiny", sampled(1, 1, [[1e-3, 1e-7]] * 3)),  # one frozen layer is not the run
    ("weights-stood-still", moved(0.001, 0.5)),
    ("weights-stood-still", Record()),
    ("updates-died", sampled(1, 1, [[0.01]] * 4 + [[1e-4]] * 4)),
    ("rate-collapsed", run(falling(2, 0.1), series={"learning_rate": COSINE})),
    ("rate-collapsed", run(falling(2, 1)[100:], series={"learning_rate": np.full(300, 0.1)})),
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
