"""What is said during training: one line a finding, once."""

from __future__ import annotations

from dataclasses import replace

from lossdoctor.record import Event
from lossdoctor.report import live


def test_a_finding_is_one_line_with_its_place(sick):
    """A symptom, a diagnosis and an action each give one line."""
    symptom = replace(sick.symptoms[1], text="The batch loss\ngrew 7.8e6 times")
    assert live.line(symptom) == "LossDoctor: The batch loss grew 7.8e6 times (epoch 1, step 4)."
    action = Event("backoff", "the loss is not finite, 3 steps in a row.", 7, 0)
    assert (
        live.line(action)
        == "LossDoctor: Cut the learning rate at epoch 1, step 8: the loss is not finite, 3 steps in a row."
    )
    told = live.line(sick.diagnoses[1])
    assert told.startswith("LossDoctor: Unscaled features (LD301, confidence 0.91). Feature 12 of x runs")
    assert "Change: normalize = keras.layers.Normalization() normalize.adapt(x)" in told


def test_lines_stay_short_and_harmless(sick):
    """A novel of a layer name or an escape sequence does not flood or steer the terminal."""
    told = live.line(replace(sick.symptoms[0], text="\x1b[31m" + "x" * 5000))
    assert len(told) <= live.LIMIT + len("LossDoctor: ")
    assert "\x1b" not in told


def test_nothing_is_said_twice_and_facts_are_not_said(sick):
    """Only alarming symptoms are news, and only the first time."""
    lines, told = live.news(sick.findings, ())
    assert [line.split(": ")[1][:15] for line in lines] == ["The loss became", "The batch loss "]
    assert live.news(sick.findings, told) == ((), told)
