"""What the experiments measured."""

from __future__ import annotations

import pytest
from record_factory import speaks

from lossdoctor.record import Record
from lossdoctor.symptoms import DETECTORS


def stability(used: float, limit: float = 0.0025) -> Record:
    found = {"limit": limit, "used": used, "curvature": 812.0, "form": "plain SGD"}
    return Record(experiments={"stability": found})


tried = Record(
    experiments={"stability": stability(0.1).experiments["stability"] | {"predicted": 1e-4, "tried": True}}
)


def one_batch(last: float, baseline: float | None = 1.0) -> Record:
    return Record(experiments={"one_batch": {"first": 1.2, "last": last, "baseline": baseline, "steps": 100}})


def zeroed(used: float, without: float) -> Record:
    return Record(experiments={"zero_inputs": {"with": used, "without": without}})


def predicted(held_out: float, validation: float, *, final: float = 0.97, majority: float = 0.2) -> Record:
    evaluation = {"final": {"accuracy": final, "majority": majority}, "validation": {"accuracy": validation}}
    return Record(experiments={"replay": {"unchanged": {"accuracy": held_out}}, "evaluation": evaluation})


SPEAKS = [
    ("held-out-predicted", predicted(0.9, 0.1), 0.8, ("accuracy 0.90", "with 0.10")),
    ("rate-above-limit", stability(0.1), 40, ("curvature 812", "plain SGD", "0.0025", "used 0.1, 40 times")),
    ("rate-above-limit", tried, 40, ("hold below a rate of 0.0025", "812, would say 0.0001", "40 times")),
    ("rate-far-below-limit", stability(1e-6), 4e-4, ("below a rate of 0.0025", "used 1e-06")),
    ("one-batch-unfit", one_batch(0.9), 0.9, ("100 steps", "from 1.2 to 0.9", "answer: 1)")),
    ("inputs-unused", zeroed(0.69, 0.7), 0.986, ("(0.7)", "(0.69)")),
]
SILENT = [
    ("held-out-predicted", predicted(0.6, 0.5)),  # learned by heart: neither kind of unseen row is predicted
    ("held-out-predicted", predicted(0.95, 0.4, majority=0.95)),  # always the largest class is no prediction
    ("held-out-predicted", predicted(0.9, 0.1, final=0.12)),  # the run itself came to nothing
    ("rate-above-limit", stability(0.0024)),
    ("rate-above-limit", stability(0.1, limit=0.0)),
    ("rate-above-limit", Record(experiments={"stability": {}})),
    ("rate-far-below-limit", stability(1e-4)),
    ("rate-far-below-limit", Record()),
    ("one-batch-unfit", one_batch(0.1)),
    ("one-batch-unfit", one_batch(0.9, None)),
    ("one-batch-unfit", one_batch(float("nan"))),
    ("inputs-unused", zeroed(0.3, 0.7)),
    ("inputs-unused", zeroed(0.3, 0.0)),
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
