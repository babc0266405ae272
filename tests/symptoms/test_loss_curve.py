"""The shape of the loss curve, of batches and of a bare history."""

from __future__ import annotations

import numpy as np
import pytest
from record_factory import HEALTHY, bare, falling, run, speaks, task

from lossdoctor.symptoms import DETECTORS

SHAPES = ["loss-exploding", "loss-blew-up", "loss-rising", "loss-spike", "loss-oscillating"]
NOISE = np.exp(np.random.default_rng(5).normal(0, 0.5, 400))
SPIKE = np.where(np.arange(400) == 300, 50.0, 1.0)
BUMP = np.where(np.arange(400) == 300, 4.0, 1.0)
TURNED = np.concatenate([np.linspace(2, 1, 200), np.linspace(1, 1.9, 200)])
ZIGZAG = np.where(np.arange(400) // 40 % 2, 1.0, 2.0)
LATE_RATE = {"learning_rate": np.where(np.arange(400) < 200, 0.01, 0.1)}

SPEAKS = [
    ("loss-exploding", run(np.geomspace(1, 1e4, 400)), 5120, ("from 1.11 to 5681, 5.12e+03 times",)),
    ("loss-exploding", bare([1.0, 0.5, 4.0, 90.0]), 180, ("from 0.5 to 90", "180 times")),
    ("loss-blew-up", run([1.0, 30.0, 80.0, 60.0, *falling(5, 1, n=60)]), 60, ("from 1 to 80 at step 3",)),
    ("loss-blew-up", run([1.0, np.inf, 30.0, 80.0, 60.0, *np.ones(60)]), 60, ("to 80 at step 4",)),
    ("loss-blew-up", bare([1.0, 60.0, 80.0, 3.0, 2.0]), 60, ("to 80 in epoch 3",)),
    ("loss-rising", run(TURNED), 1.582, ("in epoch 6 (1.088)", "rose to 1.721")),
    ("loss-rising", bare([3.0, 1.0, 1.2, 1.6, 2.0, 2.6]), 2.6, ("in epoch 2 (1)", "rose to 2.6")),
    ("loss-spike", run(SPIKE), 50, ("to 50 at step 301", "50 times")),
    ("loss-oscillating", run(ZIGZAG), np.log(2), ("by 100% up and down", "from 1 to 2")),
    ("loss-plateau", run(np.full(100, 0.693)), 0.0, ("0.00%", "0.693")),
    ("loss-frozen", bare([0.9, 0.5, 0.5, 0.5, 0.5]), 1, ("From epoch 2", "0.5")),
    ("loss-at-log", bare([0.72, 0.694, 0.6932, 0.6931, 0.6931]), 2, ("0.6931 = ln(2)", "2 equally")),
    ("loss-at-log", bare([2.4, 2.304, 2.3026, 2.3026]), 10, ("ln(10)",)),
    ("loss-wild", bare([3.0, 1.0, 3.0, 1.0, 3.0, 1.0, 3.0, 1.0]), 1.0986, ("200%",)),
    ("underfitting", bare([1.0, 0.999, 0.998, 0.995, 0.99]), 0.01, ("1.0%", "from 1 to 0.99")),
]
SILENT = [
    *((name, record) for name in SHAPES for record in HEALTHY.values()),
    ("loss-exploding", bare([1.0, 0.01, 0.5])),  # fifty times its lowest, but below its start
    ("loss-exploding", run(-np.geomspace(1, 1e4, 400))),
    ("loss-blew-up", run([1.0, 80.0, *np.ones(60)])),  # one odd batch is a spike
    (
        "loss-blew-up",
        run([0.01, 2.0, 2.0, *np.ones(60)], **task(1.0)),
    ),  # twice the baseline after a lucky first batch
    ("loss-rising", run(TURNED, series=LATE_RATE)),  # the rate was raised: a rise is due
    ("loss-rising", run(TURNED / 1000, **task(1.0))),  # both ends are tiny
    ("loss-rising", run(NOISE)),
    ("loss-spike", run(BUMP * NOISE)),
    ("loss-spike", run(SPIKE[:302])),  # it never came back
    ("loss-oscillating", run(ZIGZAG * 0.05, **task(1.0))),  # a small share of the task
    ("loss-plateau", run(falling(2, 0.1)[:100])),
    ("loss-frozen", bare([0.9, 0.5, 0.5])),
    ("loss-frozen", bare([0.9, 0.7, 0.6, 0.55, 0.52])),
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
