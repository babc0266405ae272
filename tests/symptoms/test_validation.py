"""Validation against training."""

from __future__ import annotations

import numpy as np
import pytest
from record_factory import HEALTHY, bare, evaluation, inputs, speaks, task

from lossdoctor.record import Array, Data, Record, Target
from lossdoctor.symptoms import DETECTORS

FALLS = np.geomspace(2, 0.05, 12)
TURNS = np.concatenate([np.linspace(2, 1, 5), np.linspace(1.1, 2.4, 7)])
GAINS = np.linspace(0.5, 1.0, 12)
NOISE = 1 + 0.05 * np.random.default_rng(0).normal(size=12)


def val(inputs_: Array, validation: Array) -> Record:
    return Record(data=Data(inputs=(inputs_,), validation_inputs=(validation,)))


def classes(train: dict, validation: dict) -> Record:
    both = (Target("y", "int64", (), sum(c.values()), counts=c) for c in (train, validation))
    return Record(data=Data(targets=(next(both),), validation_targets=(next(both),)))


def scores(train: float, validation: float, loss: float = 1.5) -> Record:
    """A record of accuracies on both parts; the training loss ends at 0.05, that of validation at `loss`."""
    found = evaluation(
        final={"accuracy": train, "majority": 0.5, "classes": 2}, validation={"accuracy": validation}
    )
    return Record(experiments=found.experiments, series=bare(FALLS, val_loss=np.linspace(2, loss, 12)).series)


def few(rows: int, gap: float) -> Record:
    """A record of an epoch of so many rows, learned down to 0.05, with validation so far above."""
    steps = {"step": np.arange(12), "epoch": np.arange(12), "rows": np.full(12, rows)}
    return Record(series={**bare(FALLS, val_loss=FALLS + gap).series, **steps})


def scored(train: float, validation: float, rows: int = 256) -> Record:
    """A record of accuracies on so many rows of both parts, after training."""
    seen = Target("y", "int64", (), rows)
    found = evaluation(final={"accuracy": train}, validation={"accuracy": validation})
    return Record(experiments=found.experiments, data=Data(targets=(seen,), validation_targets=(seen,)))


SPEAKS = [
    ("validation-better", scored(0.66, 0.82), 0.16, ("0.82 on validation", "only 0.66 on training")),
    ("rows-memorised", few(14, 1.5), 14, ("14 rows", "ends at 1.55, the training loss at 0.05")),
    ("validation-rising", bare(FALLS, val_loss=TURNS), 2.18, ("epoch 5 (1)", "rose to 2.183", "to 0.05")),
    (
        "validation-accuracy-falling",
        bare(
            FALLS, accuracy=GAINS, val_accuracy=[0.5, 0.7, 0.8, 0.9, 0.85, 0.8, 0.75, 0.7, 0.6, 0.6, 0.6, 0.6]
        ),
        0.3,
        ("epoch 4 (0.90)", "fell to 0.60"),
    ),
    ("validation-gap", bare(FALLS, val_loss=FALLS + 1), 0.5, ("ends at 1.05, the training loss at 0.05",)),
    ("validation-far-behind", scores(0.99, 0.6), 0.39, ("0.99", "0.60")),
    ("validation-at-chance", scores(0.95, 0.51), 0.45, ("0.95", "0.51", "class: 0.50")),
    (
        "validation-at-chance",
        evaluation(final={"explained": 0.9}, validation={"explained": 0.0}),
        0.9,
        ("90%", "0%"),
    ),
    ("validation-inputs-differ", val(inputs(0, 1), inputs(0, 255)), 255, ("deviation 255", "0 and 1.")),
    ("validation-inputs-differ", val(inputs([4, -4], 1), inputs([-4, 4], 1)), 8.0, ("mean 0 ",)),
    ("validation-labels-differ", classes({"0": 90, "1": 90}, {"2": 60}), 1.0, ("100%", "classes 2 were not")),
]
SILENT = [
    ("validation-better", scored(0.66, 0.74)),  # less than a tenth
    ("validation-better", scored(0.5, 0.7, rows=40)),  # two standard errors
    ("validation-better", scored(0.9, 0.8)),
    ("rows-memorised", few(200, 1.5)),
    ("rows-memorised", few(40, 0.6)),  # forty rows that were enough
    *((name, record) for name in ("validation-rising", "validation-gap") for record in HEALTHY.values()),
    ("validation-rising", bare(FALLS, val_loss=FALLS * NOISE)),
    ("validation-rising", bare(TURNS, val_loss=TURNS)),  # both rise: no overfitting
    (
        "validation-rising",
        Record(series=bare(FALLS, val_loss=TURNS / 100).series, **task(1.0)),
    ),  # 0.01 to 0.024 of 1
    ("validation-accuracy-falling", bare(FALLS, accuracy=GAINS, val_accuracy=GAINS - 0.05)),
    ("validation-accuracy-falling", bare(FALLS, accuracy=GAINS[::-1], val_accuracy=GAINS[::-1])),
    ("validation-gap", bare(FALLS, val_loss=FALLS * 4)),  # four times almost nothing
    ("validation-gap", bare(FALLS, val_loss=FALLS - 1)),
    ("validation-far-behind", scores(0.99, 0.9)),
    ("validation-far-behind", scores(0.99, 0.6, loss=0.2)),  # the loss does not say so
    ("validation-at-chance", scores(0.95, 0.8)),
    ("validation-at-chance", scores(0.55, 0.5)),  # nothing was learned at all
    ("validation-inputs-differ", val(inputs(0, 1), inputs(0.3, 1.4))),
    ("validation-inputs-differ", val(inputs([0] * 9, 1), inputs([4] + [0] * 8, 1))),  # one rare column
    ("validation-inputs-differ", val(inputs(0, 1), inputs(0, 255, rows=4))),
    ("validation-labels-differ", classes({"0": 90, "1": 90}, {"0": 60, "1": 20})),
    ("validation-labels-differ", classes({str(i): 1 for i in range(50)}, {str(i): 1 for i in range(40, 90)})),
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
