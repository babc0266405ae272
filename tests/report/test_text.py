"""The text report: what it says, and that it stays readable wherever it is printed."""

from __future__ import annotations

import io
import os
from dataclasses import replace

import pytest

from lossdoctor.diagnosis import Findings
from lossdoctor.record import Event, Record
from lossdoctor.report import Report
from lossdoctor.report.text import LIVE, live_line


def test_a_sick_run_is_described_from_verdict_to_remedy(sick):
    """Verdict, ranked causes with code and confidence, evidence, what to change and what checking it gave."""
    lines = sick.to_text().splitlines()
    assert lines[0].startswith("LossDoctor: UNHEALTHY. The loss became NaN at epoch 1, step 7")
    first, second = (next(i for i, row in enumerate(lines) if row.startswith(n)) for n in ("1. ", "2. "))
    assert lines[first] == "1. Learning rate too high" + " " * 41 + "LD101  confidence 0.97"
    assert "Unscaled features" in lines[second]
    cause = "\n".join(lines[first:second])
    assert "curvature 812" in cause
    assert "   Change:   optimizer=keras.optimizers.SGD(learning_rate=0.001)\n" in cause
    assert "   Tried it: It helped: replayed 50 steps from the initial weights" in cause
    assert "Other findings: Exploding gradients (LD204, confidence 0.4)." in sick.to_text()
    assert "No problem found in: labels, output layer, initialisation." in sick.to_text()
    assert "Not checked: validation (no validation data)." in sick.to_text()
    assert "Cost: probes 4 ms, trials 2.3 s." in sick.to_text()


def test_code_of_several_lines_stays_aligned_and_whole(sick):
    """What is to be pasted is never wrapped, and its second line stands under its first."""
    for width in (40, 88):
        text = sick.to_text(width=width)
        assert (
            "   Change:   normalize = keras.layers.Normalization()\n             normalize.adapt(x)\n" in text
        )


def test_evidence_against_a_cause_is_printed_too(sick):
    """A reader who doubts the diagnosis finds what speaks against it."""
    assert "   Against:  The loss also falls without scaling at a rate of 1e-5." in sick.to_text()


def test_a_healthy_run_is_one_line(well):
    """Nobody reads a page about a run that went well; the page is there when asked for."""
    assert well.to_text() == "LossDoctor: HEALTHY. The loss fell from 1.1 to 0.05 in 10 epochs."
    assert "No problem found in: labels, loss." in well.to_text(full=True)


def test_the_word_healthy_is_not_said_twice():
    """A verdict that starts with the state (as diagnosis writes it) is printed as it is."""
    report = Report(Record(), Findings("unhealthy", "UNHEALTHY. The loss became NaN."))
    assert report.to_text().splitlines()[0] == "LossDoctor: UNHEALTHY. The loss became NaN."


@pytest.mark.parametrize("width", [40, 60, 88, 200])
def test_no_line_but_code_is_wider_than_asked(sick, width):
    """Narrow terminals and pipes get wrapped prose."""
    wide = [row for row in sick.to_text(width=width).splitlines() if len(row) > width]
    assert all("keras." in row for row in wide), wide


def test_a_layer_cannot_steer_the_terminal(sick):
    """Escape sequences in names from the model or the data are not passed on."""
    symptoms = (replace(sick.symptoms[1], text="Layer \x1b[2J\x07evil exploded"),)
    text = Report(sick.record, replace(sick.findings, symptoms=symptoms)).to_text()
    assert "\x1b" not in text
    assert "\x07" not in text
    assert "Layer ?[2J?evil exploded" in text


def test_what_lossdoctor_did_is_listed_with_its_place_and_counted(sick):
    """Each rollback and cut of the rate is announced; a hundred of them are counted."""
    events = tuple(Event("skip", "the gradient is not finite", n, 0) for n in range(100, 200))
    cut = Event("backoff", "the loss is not finite; learning rate 0.1 to 0.05, 6 steps back", 7, 0)
    report = Report(replace(sick.record, events=(cut, *events)), sick.findings)
    text = " ".join(report.to_text().split())
    assert "Changed by lossdoctor: Cut the learning rate at epoch 1, step 8: the loss is not finite;" in text
    assert "Skipped an update at epoch 1, step 101: the gradient is not finite." in text
    assert "And 96 more times." in text
    assert len(report.actions) == 101


def test_what_was_left_out_or_failed_is_under_could_not_check(sick):
    """Neither a half-read file nor an error of ours is passed over in silence."""
    events = (
        Event("left-out", "'foo' holds no number"),
        Event("internal-error", "lossdoctor could not measure"),
    )
    report = Report(replace(sick.record, events=events), sick.findings)
    assert report.unchecked[-2:] == ("'foo' holds no number", "lossdoctor could not measure")
    assert "'foo' holds no number. lossdoctor could not measure." in " ".join(report.to_text().split())


class Terminal(io.StringIO):
    def isatty(self):
        return True


def test_colours_only_on_a_terminal(sick, monkeypatch, capsys):
    """A terminal gets colours and its own width, a pipe plain text; the words are the same."""
    from lossdoctor.report import text

    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr("shutil.get_terminal_size", lambda *a: os.terminal_size((88, 24)))
    terminal = Terminal()
    text.show(sick, terminal)
    sick.print()
    piped = capsys.readouterr().out
    assert "\x1b[" in terminal.getvalue()
    assert "\x1b[" not in piped
    assert piped == sick.to_text() + "\n"
    import re

    assert [r.rstrip() for r in re.sub(r"\x1b\[[0-9;]*m", "", terminal.getvalue()).splitlines()] == [
        r.rstrip() for r in piped.splitlines()
    ]


def test_a_saved_report_is_named_at_the_end(sick, tmp_path):
    """The text says where the full report lies."""
    path = tmp_path / "r.json"
    sick.to_json(path)
    assert f"Full report: {path}" in sick.to_text(width=400)  # a path may be longer than a line


def test_a_finding_is_one_line_with_its_place(sick):
    """A symptom, a diagnosis and an action each give one line."""
    symptom = replace(sick.symptoms[1], text="The batch loss\ngrew 7.8e6 times")
    assert live_line(symptom) == "LossDoctor: The batch loss grew 7.8e6 times (epoch 1, step 4)."
    action = Event("backoff", "the loss is not finite, 3 steps in a row.", 7, 0)
    assert (
        live_line(action)
        == "LossDoctor: Cut the learning rate at epoch 1, step 8: the loss is not finite, 3 steps in a row."
    )
    printed = live_line(sick.diagnoses[1])
    assert printed.startswith("LossDoctor: Unscaled features (LD301, confidence 0.91). Feature 12 of x runs")
    assert "Change: normalize = keras.layers.Normalization() normalize.adapt(x)" in printed


def test_lines_stay_short_and_harmless(sick):
    """A novel of a layer name or an escape sequence does not flood or steer the terminal."""
    printed = live_line(replace(sick.symptoms[0], text="\x1b[31m" + "x" * 5000))
    assert len(printed) <= LIVE + len("LossDoctor: ")
    assert "\x1b" not in printed
