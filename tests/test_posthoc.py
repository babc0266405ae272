"""diagnose(): what can be said of a run that is over."""

from __future__ import annotations

import math

import numpy as np
import pytest

from lossdoctor import diagnose
from lossdoctor.record import Record
from lossdoctor.report import Report

EPOCHS = np.arange(40)
FALLING = 2 * np.exp(-EPOCHS / 8) + 0.1
DIVERGING = [2.3, 2.9, 41.0, 7.1e4, 8.8e12, math.nan, math.nan]


@pytest.mark.parametrize(
    ("history", "healthy", "words"),
    [
        ({"loss": DIVERGING}, False, "NaN in epoch 6"),
        ({"loss": [math.nan] * 5}, False, "NaN in epoch 1"),
        ({"loss": list(450 * 3.5 ** EPOCHS[:10])}, False, "grew from 450"),
        ({"loss": list(450 * 1.1**EPOCHS)}, False, "grew from 450"),
        (
            {"loss": FALLING, "val_loss": np.concatenate([FALLING[:10], FALLING[9] + 0.05 * EPOCHS[:30]])},
            False,
            "lowest in epoch 10",
        ),
        ({"loss": FALLING, "val_loss": 1.1 * FALLING}, True, "fell from"),
        ({"loss": FALLING, "val_loss": 0.8 * FALLING}, True, "fell from"),
    ],
    ids=["becomes NaN", "always NaN", "explodes", "rises", "overfits", "falls", "validation below training"],
)
def test_losses_alone_tell_the_plain_cases(history, healthy, words):
    """Divergence, NaN and overfitting are seen in the losses; a falling loss is left in peace."""
    report = diagnose(history)
    assert report.healthy is healthy
    assert words in report.verdict
    assert any("LossDoctor" in text for text in report.unchecked), "it says what it would need for more"


def test_a_diverging_loss_names_the_rate():
    """From losses alone a growing loss points at the learning rate."""
    assert diagnose({"loss": DIVERGING}).diagnoses[0].cause == "learning-rate-too-high"


def test_records_and_reports_are_taken_as_they_are(tmp_path):
    """What was diagnosed once can be diagnosed again, from memory or from disk."""
    first = diagnose({"loss": DIVERGING})
    first.to_json(tmp_path / "report.json")
    for again in (first, first.record, tmp_path / "report.json", str(tmp_path / "report.json")):
        assert diagnose(again).findings == first.findings


def test_what_was_left_out_is_in_the_report():
    """A column that holds no number is named under what could not be checked."""
    assert any("'note'" in text for text in diagnose({"loss": FALLING, "note": ["x"]}).unchecked)


def test_without_a_model_there_is_nothing_to_repair():
    """The message says how to get the repaired model."""
    with pytest.raises(ValueError, match=r"callbacks=\[LossDoctor\(\)\]"):
        diagnose({"loss": DIVERGING}).repaired_model()


@pytest.mark.parametrize("model", ["model.keras", 3, object()])
def test_a_model_that_is_none_is_named(model):
    """What came and what to pass."""
    with pytest.raises(ValueError, match=rf"model={type(model).__name__}: pass the compiled keras\.Model"):
        diagnose({"loss": [1.0]}, model=model)


@pytest.mark.fit
def test_the_model_adds_what_its_layers_tell():
    """With the compiled model the setup is known, and repaired_model() has a lower rate."""
    import keras

    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    model.compile(keras.optimizers.SGD(learning_rate=1.0), "mse")
    x = np.random.default_rng(0).normal(size=(32, 3)) * 10
    history = model.fit(x, x.sum(axis=1), epochs=5, verbose=0)
    before = model.get_weights()
    report = diagnose(history, model=model)
    assert isinstance(report, Report)
    assert report.record.setup.optimizer.kind == "SGD"
    assert not report.healthy
    assert report.diagnoses[0].cause == "learning-rate-too-high"
    repaired = report.repaired_model()
    assert float(np.asarray(repaired.optimizer.learning_rate)) < 1.0
    np.testing.assert_array_equal(model.get_weights()[0], before[0])


def test_an_uncompiled_model_is_named():
    """A model without an optimizer tells nothing of the run."""
    keras = pytest.importorskip("keras")
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"model=Sequential: pass the compiled keras\.Model"):
        diagnose({"loss": [1.0]}, model=model)


def test_a_history_without_any_epoch():
    """model.fit that was stopped before its first epoch ended."""
    with pytest.raises(ValueError, match="the history is empty"):
        diagnose({})
    assert isinstance(diagnose(Record()), Report)
