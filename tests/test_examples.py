"""The scripts of examples/: each sick run is diagnosed rightly, and each repaired run trains."""

from __future__ import annotations

import importlib.util
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).parents[1] / "examples"
History = dict[str, list[float]]


@dataclass(frozen=True)
class Expected:
    """The causes that may stand first in the report, and what a repaired run has to reach."""

    causes: set[str]
    trained: Callable[[History], bool]


EXPECTED = {
    "learning_rate_too_high": Expected({"learning-rate-too-high"}, lambda h: h["loss"][-1] < 0.5),
    "backoff_hot_digits": Expected({"learning-rate-too-high"}, lambda h: h["accuracy"][-1] > 0.9),
    "unscaled_features": Expected({"unscaled-features"}, lambda h: h["accuracy"][-1] > 0.9),
    "unscaled_targets": Expected({"unscaled-targets"}, lambda h: h["loss"][-1] < 0.6),
    "logits_without_from_logits": Expected({"loss-activation-mismatch"}, lambda h: h["accuracy"][-1] > 0.85),
    "softmax_on_one_unit": Expected(
        {"loss-activation-mismatch", "output-shape-mismatch"}, lambda h: h["accuracy"][-1] > 0.9
    ),
    "nan_in_the_data": Expected({"non-finite-data"}, lambda h: h["accuracy"][-1] > 0.9),
    "overfitting": Expected({"overfitting"}, lambda h: h["val_loss"][-1] < 0.65),
    "bad_initialization": Expected({"bad-initialization"}, lambda h: h["accuracy"][-1] > 0.85),
}


def load(name: str):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_example_is_tested():
    """No script lies in examples/ without a line in EXPECTED, and none is expected that is not there."""
    assert {f.stem for f in EXAMPLES.glob("*.py")} == set(EXPECTED)


@pytest.mark.fit
@pytest.mark.parametrize("name", EXPECTED)
def test_example(name, capsys):
    """The report names the true cause first, with numbers and code to paste; the repaired run trains."""
    report, history = load(name).main()
    assert not report.healthy
    first = report.diagnoses[0]
    assert first.cause in EXPECTED[name].causes, report.to_text()
    assert any(re.search(r"\d", sentence) for sentence in first.evidence), first.evidence
    assert any(remedy.code for remedy in first.remedies), first.remedies
    assert first.code in capsys.readouterr().out
    assert EXPECTED[name].trained(history), history
