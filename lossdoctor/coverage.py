"""What was measured and found fine, and what could not be measured: short phrases for the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms import Symptom


def checked(record: Record, symptoms: Mapping[str, Symptom], diagnoses: Any) -> Iterator[str]:
    """Yields phrases for the areas that were measured and in which nothing was found."""
    named = {d.cause for d in diagnoses}
    lost = "weights-non-finite" in symptoms  # what the layers do with NaN says nothing
    if record.data.inputs and not named & {"unscaled-features", "non-finite-data", "outliers"}:
        yield "inputs"
    mismatches = {
        "loss-activation-mismatch",
        "loss-target-mismatch",
        "output-shape-mismatch",
        "unbounded-loss",
    }
    if record.data.targets and not named & (
        mismatches | {"unscaled-targets", "label-noise", "misaligned-labels"}
    ):
        yield "targets and loss"
    if record.setup.layers and "bad-initialization" not in named:
        yield "initialisation"
    gradients = {"vanishing-gradients", "exploding-gradients"}
    if "sampled.grad_norm" in record.series and not lost and not named & gradients:
        yield "gradients by layer"
    if record.activity and not lost and not named & {"dying-relu", "saturated-activations"}:
        yield "activations"
    broken = "validation-non-finite" in symptoms or named & {"overfitting", "inconsistent-preprocessing"}
    if "epoch.val_loss" in record.series and not broken:
        yield "validation"


def unchecked(record: Record) -> Iterator[str]:
    """Yields sentences for what could not be checked, with the reason."""
    yield from (f"the data: {reason}" for reason in record.data.missing)
    if record.source == "checkup":
        yield "how training goes (this was a look before the first step)"
        yield from record.experiments.get("not_run", ())
        return
    if record.source != "fit":
        yield "gradients, layers and data: only the losses were given; train with LossDoctor to measure them"
        return
    if "epoch.val_loss" not in record.series:
        yield "validation (no validation data)"
    if not record.setup.outputs:
        yield "the output layer (the model's graph is not known to Keras)"
    if record.setup.steps_per_execution > 1:
        yield f"single steps' weight updates (steps_per_execution={record.setup.steps_per_execution})"
    yield from record.experiments.get("not_run", ())


LEARNED = 0.3  # share of the baseline (or of the loss at the start) that a run must have gained to be called healthy
PROVEN = 0.5  # the same where there are logs alone
FEW_UPDATES = 8  # of fewer nothing can be said, unless they did learn


def missing_for_verdict(
    record: Record, symptoms: Mapping[str, Symptom], failures: Sequence[str]
) -> Iterator[str]:
    """Yields why a run that shows nothing alarming cannot be called healthy, one sentence each; none when it can."""
    off = [event.text for event in record.events if event.kind == "off"]
    if record.stopped == "not started" and record.source != "checkup":
        yield from off or ["Nothing was trained."]
        return
    loss = [
        v for n in ("batch_loss", "epoch.loss") for v in np.ravel(record.series.get(n, ())) if np.isfinite(v)
    ]
    if not loss:
        why = "the first step could not be tried" if record.source == "checkup" else "no loss was seen"
        yield f"There is nothing to judge: {why}."
        return
    yield from (f"A part of lossdoctor failed: {text}" for text in failures)
    yield from (event.text for event in record.events if event.kind == "internal-error")
    if record.source != "checkup" and not _proven(record, symptoms):
        yield _unproven(record, symptoms)


def _proven(record: Record, symptoms: Mapping[str, Symptom]) -> bool:
    """Returns whether it was measured that the run learned, or that there is nothing to learn."""
    if "better-than-constant" in symptoms or "loss-at-floor" in symptoms:
        return True
    learned = symptoms.get("learned")
    return learned is not None and learned.value >= (LEARNED if record.source == "fit" else PROVEN)


def _unproven(record: Record, symptoms: Mapping[str, Symptom]) -> str:
    updates = len(record.series.get("batch_loss", ()))
    if record.source == "fit" and 0 < updates < FEW_UPDATES:
        made = "1 update was" if updates == 1 else f"{updates} updates were"
        return f"Only {made} made, too few to judge."
    if record.source == "fit" and "constant_answer" not in record.experiments:
        return "Nothing alarming was seen, but the loss did not fall clearly, and what a constant prediction costs could not be measured."
    return "Nothing alarming was seen, but nothing shows that the run learned either."
