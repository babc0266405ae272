"""What was measured and found fine, and what could not be measured: short phrases for the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

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
