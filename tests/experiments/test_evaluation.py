"""Which outputs are scored as answers."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.evaluation import evaluate
from lossdoctor.experiments.layer_outputs import LayerOutputs
from lossdoctor.record import Output, Setup

LABELS = np.arange(40) % 4
RIGHT = np.eye(4, dtype="float32")[LABELS]


@pytest.mark.parametrize(
    ("loss", "outputs", "accuracy"),
    [
        ("sparse_categorical_crossentropy", RIGHT, 1.0),
        ("sparse_categorical_crossentropy", np.pad(RIGHT, ((0, 0), (0, 2))), 1.0),  # two classes did not come
        ("custom:focal", RIGHT, 1.0),
        ("custom:triplet", np.pad(RIGHT, ((0, 0), (0, 2))), None),  # six units are no four classes
    ],
)
def test_places_in_a_space_are_no_answers(loss, outputs, accuracy):
    """Under a loss of the user's own, units that do not number the classes are not taken for them."""
    units = outputs.shape[-1]
    setup = Setup(outputs=(Output("out", (units,), units, ("linear",), loss),))
    scores = evaluate(
        None, setup, {"final": LayerOutputs((), [outputs], [])}, Sample(outputs, LABELS, None), None
    )
    assert scores.get("final", {}).get("accuracy") == accuracy
    assert ("neighbours" in scores) is (accuracy is not None)
