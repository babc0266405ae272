"""Which remedies the repaired model gets: confirmed ones, and those of faults proven by the setup."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from lossdoctor.backends.sample import Sample  # noqa: E402
from lossdoctor.diagnosis import Diagnosis  # noqa: E402
from lossdoctor.experiments import Subject  # noqa: E402
from lossdoctor.experiments.repair import proven, repair  # noqa: E402
from lossdoctor.record import Record  # noqa: E402
from lossdoctor.remedies import Action, Remedy  # noqa: E402

SIGMOID = Remedy("End in a sigmoid", actions=(Action("output_activation", {"name": "sigmoid"}),))
RATE = Action("learning_rate", {"value": 0.25})


def subject() -> Subject:
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.01), "binary_crossentropy")
    x = np.random.default_rng(0).normal(size=(32, 3)).astype("float32")
    return Subject(model, Sample(x, (x[:, 0] > 0) * 1.0), model.get_weights(), model.get_weights())


def diagnosis(code: str, confidence: float) -> Diagnosis:
    return Diagnosis("some-cause", code, "Some cause", confidence, "error", remedies=(SIGMOID,))


def activation(results: dict[str, Any], found: Diagnosis) -> tuple[str, float]:
    model = repair(subject(), Record(experiments={"replay": results}), SimpleNamespace(loud=(found,)))
    return model.layers[-1].activation.__name__, float(model.optimizer.learning_rate.numpy())


COMBINED = {"verdict": "confirmed", "actions": [RATE], "score": 0.5}
REFUTED = {"remedy": SIGMOID.summary, "verdict": "refuted"}


def test_a_proven_contradiction_is_mended_beside_a_confirmed_combination() -> None:
    """The combination does not touch the output, so both are carried out."""
    results = {"combined": COMBINED, "trials": [REFUTED], "unchanged": {"score": 0.0}}
    assert activation(results, diagnosis("LD402", 0.97)) == ("sigmoid", 0.25)


def test_what_is_only_likely_is_not_added_to_a_confirmed_combination() -> None:
    """Nor is a fault of another kind, however sure: the replay has tried its remedy and did without it."""
    results = {"combined": COMBINED, "trials": [REFUTED], "unchanged": {"score": 0.0}}
    assert activation(results, diagnosis("LD402", 0.7)) == ("softmax", 0.25)
    assert activation(results, diagnosis("LD203", 0.99)) == ("softmax", 0.25)


def test_a_combination_that_mends_the_output_itself_is_left_as_it_was_tried() -> None:
    """Two remedies of one fault would undo each other."""
    whole = {**COMBINED, "actions": [RATE, Action("output_activation", {"name": "tanh"})]}
    results = {"combined": whole, "trials": [], "unchanged": {"score": 0.0}}
    assert activation(results, diagnosis("LD402", 0.99)) == ("tanh", 0.25)


def test_a_refuted_remedy_is_kept_for_a_proven_contradiction_only() -> None:
    """Of a likely fault with nothing but a refuted remedy, nothing can be repaired."""
    results = {"combined": None, "trials": [REFUTED], "unchanged": {"score": 0.0}}
    assert activation(results, diagnosis("LD402", 0.97))[0] == "sigmoid"
    with pytest.raises(ValueError, match="none of the diagnoses"):
        activation(results, diagnosis("LD402", 0.7))


@pytest.mark.parametrize(
    ("code", "confidence", "holds"), [("LD401", 0.95, True), ("LD401", 0.94, False), ("LD101", 0.99, False)]
)
def test_proven_is_a_sure_contradiction_of_loss_and_output(code: str, confidence: float, holds: bool) -> None:
    """Codes LD4xx are read off the setup."""
    assert proven(diagnosis(code, confidence)) is holds
