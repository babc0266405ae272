"""Whether loss and accuracy tell the same story."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.record import Data, Output, Record, Setup
from lossdoctor.symptoms import DETECTORS
from lossdoctor.symptoms.consistency import accuracy_below_loss


def record(loss, accuracy, *, name="categorical_crossentropy", weighted=False):
    return Record(
        setup=Setup(outputs=(Output("o", (4,), 4, ("sigmoid",), name),)),
        data=Data(weighted=weighted),
        series={"batch_loss": np.full(50, loss), "epoch": np.zeros(50), "step": np.arange(50)},
        experiments={"evaluation": {"final": {"accuracy": accuracy, "majority": 0.25}}},
    )


def test_a_low_loss_with_poor_accuracy_is_seen():
    """A cross-entropy of 0.14 allows 20 % wrong rows; 79 % wrong cannot come from the same outputs."""
    seen = accuracy_below_loss(record(0.14, 0.21))
    assert seen is not None
    assert seen.value == pytest.approx(1 - 0.14 / np.log(2) - 0.21)
    assert "80%" in seen.text


@pytest.mark.parametrize("guess", np.linspace(0.05, 1.0, 20))
def test_consistent_outputs_never_set_it_off(guess):
    """Rows whose true class gets any probability: accuracy and loss of the same outputs agree."""
    rng = np.random.default_rng(0)
    logits = rng.normal(size=(2000, 4)) + 6 * guess * np.eye(4)[rng.integers(0, 4, 2000)]
    labels = rng.integers(0, 4, 2000) if guess < 0.3 else logits.argmax(1)
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    loss = -np.log(p[np.arange(2000), labels]).mean()
    assert accuracy_below_loss(record(loss, float((p.argmax(1) == labels).mean()))) is None


@pytest.mark.parametrize(
    "other",
    [
        record(0.14, 0.21, weighted=True),
        record(0.14, 0.21, name="mean_squared_error"),
        record(np.nan, 0.2),
        Record(),
    ],
    ids=["weighted", "another loss", "nan", "empty"],
)
def test_silent_where_the_bound_does_not_hold(other):
    """With row weights, another loss, or no numbers, nothing is said."""
    assert accuracy_below_loss(other) is None


def directions(explained, metric="mae", loss="cosine_similarity"):
    """A record of amounts under a loss of directions, with a metric beside it."""
    setup = Setup(outputs=(Output("o", (3,), 3, (), loss),), metrics=(metric,))
    return Record(setup=setup, experiments={"evaluation": {"final": {"explained": explained}}})


def rare(recall, guessed=1.0, name="recall"):
    """A record of a metric of the rare class, and how many classes the model names."""
    return Record(
        setup=Setup(metrics=("accuracy", name)),
        series={f"epoch.{name}": np.array([0.2, recall])},
        experiments={"evaluation": {"final": {"guessed": guessed, "classes": 2.0}}},
    )


# For test_laws.py, which asks for both sides of every detector.
SPEAKS = [
    ("accuracy-below-loss", record(0.14, 0.21)),
    ("sizes-missed", directions(-9.8)),
    ("rare-class-missed", rare(0.0)),
]
SILENT = [
    ("accuracy-below-loss", record(0.14, 0.9)),
    ("sizes-missed", directions(0.4)),
    ("sizes-missed", directions(-9.8, metric="cosine_similarity")),  # nobody asked for sizes
    ("sizes-missed", directions(-9.8, loss="mean_squared_error")),
    ("rare-class-missed", rare(0.4)),
    ("rare-class-missed", rare(0.0, guessed=2.0)),
    ("rare-class-missed", rare(0.0, name="loss_of_rare")),
]


@pytest.mark.parametrize(
    ("name", "seen", "words"),
    [
        ("sizes-missed", directions(-9.8), ("mae is asked for", "-9.8 of the variance")),
        ("rare-class-missed", rare(0.0), ("recall ended at 0", "same class")),
    ],
)
def test_it_says_what_was_asked_for(name, seen, words):
    """The sentence names the metric and gives the number."""
    found = DETECTORS[name](seen)
    assert found is not None and found.alarming
    assert all(word in found.text for word in words), found.text


@pytest.mark.parametrize(("name", "seen"), SILENT)
def test_near_miss(name, seen):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](seen) is None


def test_the_table_says_so():
    """The detector speaks of 0.21 and keeps silent on 0.9."""
    assert accuracy_below_loss(SPEAKS[0][1]) is not None
    assert accuracy_below_loss(SILENT[0][1]) is None
