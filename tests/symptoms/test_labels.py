"""Labels against the neighbours' labels, predicted classes, layers that get no gradient."""

from __future__ import annotations

from dataclasses import replace

import pytest
from record_factory import evaluation, sampled, speaks

from lossdoctor.record import Activity, Layer, Output, Setup
from lossdoctor.symptoms import DETECTORS


def near(**numbers: float):
    usual = {"rows": 250.0, "score": 0.9, "chance": 0.5, "error": 0.03, "unanimous": 100, "contradict": 0.0}
    return evaluation(neighbours=usual | numbers)


def trained(accuracy: float, **numbers: float):
    """A model of that accuracy on rows whose neighbours tell 90 %."""
    usual = {"rows": 250.0, "score": 0.9, "chance": 0.5, "error": 0.03}
    return evaluation(neighbours=usual | numbers, final={"accuracy": accuracy})


def fitted(explained: float, loss: str):
    """A regression that explains so much, on rows whose neighbours' mean has a correlation of 0.9."""
    near = {"rows": 250.0, "score": 0.9, "chance": 0.0, "error": 0.06}
    return replace(
        evaluation(neighbours=near, final={"explained": explained}),
        setup=Setup(outputs=(Output("out", loss=loss),)),
    )


CUT = [[0, 1]] * 3
SPEAKS = [
    ("labels-unrelated", near(score=0.52), 0.02, ("250 rows", "0.52 against 0.50")),
    ("neighbours-disagree", near(contradict=0.3), 0.3, ("30%",)),
    ("behind-neighbours", trained(0.7), 0.4, ("tells 70%", "neighbours 90%", "classes")),
    ("behind-neighbours", fitted(0.2, "mse"), 0.61, ("tells 20%", "neighbours 81%", "variance")),
    ("one-class-predicted", evaluation(final={"guessed": 1, "classes": 3}), 1.0, ("same class",)),
    ("layers-disconnected", sampled(CUT, 1, 1), 1, ("reached a,",)),
]
SILENT = [
    ("labels-unrelated", near()),
    ("labels-unrelated", near(score=0.52, rows=40.0)),  # too few rows to tell
    ("neighbours-disagree", near(contradict=0.02)),
    ("neighbours-disagree", near(contradict=0.3, unanimous=10)),
    ("neighbours-disagree", near(contradict=0.3, score=0.52)),  # neighbours mean nothing here
    ("behind-neighbours", trained(0.8)),
    ("behind-neighbours", trained(0.7, chance=0.85)),  # nearly all of one class
    ("behind-neighbours", trained(0.7, rows=40.0)),
    ("behind-neighbours", fitted(0.6, "mse")),
    ("behind-neighbours", fitted(-2.0, "cosine_similarity")),  # learns directions, not sizes
    ("one-class-predicted", evaluation(final={"guessed": 2, "classes": 3})),
    ("one-class-predicted", evaluation(final={"guessed": 1, "classes": 1})),
    ("layers-disconnected", sampled([[0, 1], [0.1, 1], [0.1, 1]], 1, 1)),
    ("layers-disconnected", sampled([[0, 0]] * 3, 1, 1)),  # nothing moves: see gradients-zero
    (
        "layers-disconnected",
        sampled(CUT, 1, 1, activity=(Activity("a", "Dense", "relu", "final", dead=0.9),)),
    ),
    ("layers-disconnected", sampled(CUT, 1, 1, layers=(Layer("a", "Dense", kernel_spread=0.0),))),
]


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None
