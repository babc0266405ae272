"""Penalties on the weights and what they do to them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from record_factory import run, sampled, speaks, task

from lossdoctor.record import Layer, Record, Setup
from lossdoctor.symptoms import DETECTORS


def penalised(penalty: float, regularizer: str | None = "L2") -> Record:
    """Fifty steps at a data loss of 1 and this penalty."""
    record = run(np.full(50, 1.0 + penalty), series={"penalty": np.full(50, penalty)})
    return replace(record, setup=Setup(layers=(Layer("d", "Dense", regularizer=regularizer),)))


def at_start(penalty: float) -> Record:
    return run(np.full(50, 1.0 + penalty), series={"penalty": np.full(50, penalty)}, **task(1.0))


SPEAKS = [
    ("penalty-dominates", penalised(4.0), 4.0, ("80%", "(4)")),
    ("penalty-at-start", at_start(8.0), 8.0, ("start at 8, 8 times", "(1)")),
    ("weights-shrank", sampled(1, [[10, 10], [0.5, 0.5]], 1), 0.05, ("5.0%",)),
]
SILENT = [
    ("penalty-dominates", penalised(0.3)),
    ("penalty-dominates", penalised(4.0, None)),  # an add_loss term, as of a VAE
    ("penalty-at-start", at_start(1.0)),
    ("penalty-at-start", run(np.full(50, 1.0))),
    ("weights-shrank", sampled(1, [[10, 10], [6, 6]], 1)),
    ("weights-shrank", sampled(1, [[10, 10, 10], [9, 9, 0.5]], 1)),  # one of three
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
