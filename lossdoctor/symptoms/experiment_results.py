"""What the experiments measured, as symptoms."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossdoctor.record import Record
from lossdoctor.symptoms.symptom import Symptom

OTHER_KIND = 0.35  # accuracy; the two samples of 64 to 256 rows differ by up to 0.2 by chance


def rate_above_limit(record: Record) -> Symptom | None:
    """The learning rate was above the limit of stability. Value: used over limit."""
    found = record.experiments.get("stability", {})
    limit, used = found.get("limit"), found.get("used")
    if not limit or not used or not limit > 0:
        return None
    ratio = used / limit
    if ratio < 1.0:
        return None
    text = f"{_limit(found)}; this run used {used:.2g}, {ratio:.3g} times that."
    return Symptom("rate-above-limit", ratio, text)


def _limit(found: Mapping[str, Any]) -> str:
    """Says up to which rate training holds, by its curvature or, where that was wrong, by trying."""
    by = f"The sharpest direction of the loss has curvature {found['curvature']:.3g}"
    predicted = found.get("predicted", found["limit"])
    if predicted == found["limit"]:
        return f"{by}, so {found['form']} is stable only below a rate of {predicted:.2g}"
    held = "hold below" if found.get("tried", True) else "held, as far as there was time to try, at"
    return f"Short trainings on the captured rows {held} a rate of {found['limit']:.2g} (the curvature alone, {found['curvature']:.3g}, would say {predicted:.2g})"


def rate_below_limit(record: Record) -> Symptom | None:
    """The learning rate was far below the limit of stability. Value: used over limit."""
    found = record.experiments.get("stability", {})
    limit, used = found.get("limit"), found.get("used")
    if not limit or used is None or not limit > 0 or used / limit > 0.01:
        return None
    text = f"{_limit(found)}; this run used {used:.2g}."
    return Symptom("rate-far-below-limit", used / limit, text)


def one_batch_unfit(record: Record) -> Symptom | None:
    """Even one batch alone cannot be fitted. Value: its last loss over the baseline."""
    found = record.experiments.get("one_batch", {})
    base = found.get("baseline")
    if not base or not base > 0:
        return None
    ratio = found["last"] / base
    if not ratio > 0.5:
        return None
    text = f"One batch trained alone for {found['steps']} steps went from {found['first']:.4g} to {found['last']:.4g} (a constant answer: {base:.4g})."
    return Symptom("one-batch-unfit", ratio, text)


def inputs_unused(record: Record) -> Symptom | None:
    """With all inputs set to 0 the model learns as much. Value: loss with inputs over loss without."""
    found = record.experiments.get("zero_inputs", {})
    if "with" not in found or not found.get("without"):
        return None
    ratio = found["with"] / found["without"]
    if ratio < 0.97:
        return None
    text = f"A short replay learns as much with all inputs set to 0 ({found['without']:.4g}) as with them ({found['with']:.4g})."
    return Symptom("inputs-unused", ratio, text)


def held_out_predicted(record: Record) -> Symptom | None:
    """Training rows that a replay never saw are predicted well, validation rows are not.

    What a model learned by heart does not help it on unseen rows of either kind, so this is no overfitting:
    validation is another kind of data. Value: the difference of the accuracies.
    """
    held_out = record.experiments.get("replay", {}).get("unchanged", {}).get("accuracy")
    evaluation = record.experiments.get("evaluation", {})
    final, validation = (
        evaluation.get("final", {}).get("accuracy"),
        evaluation.get("validation", {}).get("accuracy"),
    )
    if held_out is None or final is None or validation is None:
        return None
    predicted = min(held_out, final)
    if predicted - validation < OTHER_KIND or predicted < evaluation["final"]["majority"] + OTHER_KIND / 2:
        return None
    text = f"After a short replay rows held back from training are told with accuracy {held_out:.2f}, validation rows at the end of the run with {validation:.2f}."
    return Symptom("held-out-predicted", held_out - validation, text)
