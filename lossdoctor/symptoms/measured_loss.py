"""What the experiments on the loss found, as symptoms: constant answer, direction, reach, gradient path, rows.

They hold for any loss, also one of the user's own; see lossdoctor/experiments/ for how each was measured.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms.symptom import Symptom

LITTLE = 0.02  # gain over the best constant answer, as a share of it, below which a run has learned nothing
NOTHING = 0.05  # the same where the gain does not hold on validation rows
ERRORS = 2.0  # standard errors within which two losses are one
SILENT = 0.99  # share of rows without any gradient from which on a loss pulls on nothing; a satisfied hinge has 0.7
AGAINST = -0.5  # correlation of the pull with the targets; right losses have 0.4 to 1, wrong signs -1
OUTSIDE = 0.05  # share of target entries that the outputs cannot give, from which on it counts
FAR = 10.0  # times the median loss of all rows that one stays above
CARRIED = 0.2  # share of the loss that infeasible rows carry, from which on they are what is wrong


def constant_gain(record: Record) -> tuple[float, float, float] | None:
    """Returns (gain over the best constant answer, its standard error, size of the losses), None if not measured."""
    found = record.experiments.get("constant_answer")
    if not found:
        return None
    constant, model, error = (float(found[k]) for k in ("constant", "model", "error"))
    size = max(abs(constant), abs(model))
    if not (math.isfinite(constant) and math.isfinite(model)) or size == 0.0:
        return None
    return constant - model, error if math.isfinite(error) else 0.0, size


def no_better_than_constant(record: Record) -> Symptom | None:
    """The model's loss is that of the best constant answer, or above. Value: gain over it, as a share of it."""
    measured = constant_gain(record)
    if measured is None:
        return None
    gain, error, size = measured
    found = record.experiments["constant_answer"]
    if gain > max(ERRORS * error, (NOTHING if _only_by_heart(found) else LITTLE) * size):
        return None
    worse = gain < -max(ERRORS * error, NOTHING * size)
    text = f"On the sampled rows the loss is {found['model']:.4g}, {'worse than' if worse else 'no better than'} a constant prediction ({found['constant']:.4g})."
    return Symptom("no-better-than-constant", gain / size, text, alarming=True)


def _only_by_heart(found: Mapping[str, float]) -> bool:
    """Returns whether rows that the run was not trained on are answered no better than by the constant."""
    if "validation_model" not in found:
        return False
    gain = found["validation_constant"] - found["validation_model"]
    return not gain > max(ERRORS * found["validation_error"], LITTLE * abs(found["validation_constant"]))


def below_constant(record: Record) -> Symptom | None:
    """The model does clearly better than the best constant answer. Value: gain over the larger of the two losses."""
    measured = constant_gain(record)
    if measured is None:
        return None
    gain, error, size = measured
    if gain <= max(1.5 * ERRORS * error, NOTHING * size):
        return None
    found = record.experiments["constant_answer"]
    text = f"On the sampled rows the loss is {found['model']:.4g}; a constant prediction costs {found['constant']:.4g}."
    return Symptom("better-than-constant", min(1.0, gain / size), text)


def outputs_measured(record: Record, name: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Yields output and result of an experiment that has one an output."""
    for output, found in record.experiments.get(name, {}).items():
        if isinstance(found, Mapping):
            yield output, found


def loss_without_gradient(record: Record) -> Symptom | None:
    """No gradient of the loss reaches the outputs, or hardly any row's. Value: share of rows without one."""
    for output, found in outputs_measured(record, "direction"):
        shares = [float(found.get(k, 1.0)) for k in ("silent_model", "silent_random", "silent_constant")]
        silent = 1.0 if not found.get("differentiable", True) else min(shares)
        if silent < SILENT:
            continue
        text = f"The loss has no gradient in the output {output!r}: nothing tells it which way to go."
        if found.get("differentiable", True):
            text = f"The loss of {silent:.0%} of the rows has no gradient in the output {output!r}, also at random outputs."
        return Symptom("loss-without-gradient", silent, text, where=output, alarming=True)
    return None


def loss_wrong_way(record: Record) -> Symptom | None:
    """The loss rises when outputs move towards their targets. Value: the rise, as a share of the loss."""
    for output, found in outputs_measured(record, "direction"):
        # A critic's loss is linear in its scores and may point either way.
        if not found.get("comparable") or found.get("linear") or found.get("pull", 0.0) > AGAINST:
            continue
        if found.get("trend_constant") != "rises" or found.get("trend_model") not in (
            "rises",
            "flat",
            "unknown",
        ):
            continue
        first, last = found["from_constant"][0], found["from_constant"][-1]
        text = f"The loss rises from {first:.4g} to {last:.4g} when the output {output!r} moves from a constant to its targets: its sign is wrong."
        return Symptom(
            "loss-wrong-way", (last - first) / max(abs(first), 1e-12), text, where=output, alarming=True
        )
    return None


def targets_out_of_reach(record: Record) -> Symptom | None:
    """Targets lie outside of what the output can give. Value: share of their entries that do."""
    for output, found in outputs_measured(record, "reach"):
        if (
            not found.get("comparable")
            or found.get("outside", 0.0) < OUTSIDE
            or found.get("one_entry", 0.0) > 0.95
        ):
            continue
        text = f"{found['outside']:.0%} of the target values of {output!r} lie outside of what it can give ({_range(found['low'], found['high'])}); the targets go from {found['target_low']:.4g} to {found['target_high']:.4g}."
        details = {k: found.get(k) for k in ("low", "high", "target_low", "target_high")}
        return Symptom(
            "targets-out-of-reach", found["outside"], text, where=output, alarming=True, details=details
        )
    return None


def _loss_of(record: Record, output: str) -> str:
    return next((o.loss or "" for o in record.setup.outputs if o.name == output), "")


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return f"at most {high:.4g}" if low is None and high is not None else f"at least {low or 0.0:.4g}"
    return f"{low:.4g} to {high:.4g}"


def gradient_broken_at(record: Record) -> Symptom | None:
    """The forward pass is finite and its gradient is not: the operation was found. Value: 1 named, 0.5 located."""
    found = record.experiments.get("gradient_path", {})
    if found.get("finite", True) or found.get("confidence") not in ("named", "located"):
        return None
    where = "the loss" if found.get("place") == "loss" else f"the layer {found.get('place')!r}"
    operation, operand = found.get("operation"), found.get("operand")
    what = (
        f"{operation} at {operand:.4g}" if operation and operand is not None else operation or "an operation"
    )
    row = f", for row {found['row'] + 1} of that batch" if found.get("row") is not None else ""
    state = (
        f"The loss of the batch is finite ({found['loss']:.4g}), its gradient is not"
        if found.get("loss") is not None
        else "The loss of the batch is not finite"
    )
    text = f"{state}: {what} in {where}{row}."
    details = {
        k: found.get(k) for k in ("operation", "operand", "place", "row", "behind_where", "nan_targets")
    }
    return Symptom(
        "gradient-broken-at", 1.0 if found["confidence"] == "named" else 0.5, text, details=details
    )


def gradient_cut(record: Record) -> Symptom | None:
    """No variable gets a gradient though the outputs follow them: the path is cut. Value: number of variables."""
    found = record.experiments.get("gradient_path", {})
    if not found.get("finite") or found.get("outputs_reached", True):
        return None
    cut = [*found.get("cut", ()), *found.get("flat", ()), *found.get("without_effect", ())]
    follow = len(cut) > len(found.get("without_effect", ()))
    what = (
        f"though the outputs follow {cut[0]}"
        if follow
        else "and the outputs stay the same when one is changed"
    )
    text = f"None of {len(cut)} variables gets a gradient at the weights that were tried, {what}."
    return Symptom("gradient-cut", float(len(cut)), text, where=next(iter(cut), None), alarming=True)


def embedding_at_margin(record: Record) -> Symptom | None:
    """Outputs that are places in a space cost what one single place for all rows costs. Value: gain over that."""
    measured = constant_gain(record)
    apart = [one for _, one in outputs_measured(record, "direction") if not one.get("comparable", True)]
    if measured is None or not apart or "embedding" not in _kinds(record):
        return None
    gain, error, size = measured
    if gain > max(ERRORS * error, NOTHING * size):
        return None
    found = record.experiments["constant_answer"]
    text = f"The loss of the embeddings is {found['model']:.4g}, that of one single point for all rows {found['constant']:.4g}."
    return Symptom("embedding-at-margin", gain / size, text)


def _kinds(record: Record) -> set[str]:
    """Returns "embedding" where an output of several units has a loss of the user's own, and classes as targets."""
    several = any(
        (o.units or 2) > 1 and (o.loss or "custom:").startswith("custom:") for o in record.setup.outputs
    )
    return {"embedding"} if several else set()


def rows_mixed(record: Record) -> Symptom | None:
    """The loss of a batch is not made of its rows' own losses, though a row has one number as its output.

    Targets of shape (n,) subtracted from outputs of shape (n, 1) give (n, n): each row is compared with all. Losses of
    ranks and of risk sets compare rows on purpose, so this is a sign only where nothing is learned. Value: 1.
    """
    outputs = record.setup.outputs
    if len(outputs) != 1 or record.experiments.get("row_losses", {}).get("separable", True):
        return None
    if outputs[0].shape != (1,) or not (outputs[0].loss or "custom:").startswith("custom:"):
        return None
    text = "The loss of a batch does not follow from its rows: each row is compared with all others (targets of shape (n,) against outputs of shape (n, 1)?)."
    return Symptom("rows-mixed", 1.0, text)


def rows_infeasible(record: Record) -> Symptom | None:
    """Some rows' loss stays high however their outputs move. Value: share of the loss that they carry."""
    found, losses = (
        record.experiments.get("infeasible_rows", {}),
        record.experiments.get("row_losses", {}).get("losses") or [],
    )
    bad = [r for r in found.get("infeasible", ()) if r < len(losses)]
    if not bad:
        return None
    rest = sum(abs(v) for v in losses if math.isfinite(v))
    own = [losses[r] for r in bad]
    share = sum(abs(v) for v in own) / rest if all(map(math.isfinite, own)) and rest > 0 else 1.0
    usual = float(np.median(np.abs(losses)))
    # Many losses have a floor that grows with the target (deviances): that is no fault of the row.
    if all(
        math.isfinite(r["lowest"]) and r["lowest"] < FAR * usual for r in found["rows"] if r["row"] in bad
    ):
        return None
    lowest = next(r["lowest"] for r in found["rows"] if r["row"] == bad[0])
    text = f"{len(bad)} of the worst rows cannot be fitted: however the outputs move, the loss of row {bad[0] + 1} stays above {lowest:.4g} (ordinary rows: {found['reference']:.4g})."
    return Symptom("rows-infeasible", share, text, alarming=share > CARRIED, details={"rows": len(bad)})


def pairs_unrelated(record: Record) -> Symptom | None:
    """Training on true pairs tells held-out rows no more than on permuted pairs. Value: gain over the permuted."""
    found = record.experiments.get("pairs", {})
    if not found or not all(math.isfinite(found[k]) for k in ("true", "permuted", "constant")):
        return None
    comparable = [one.get("comparable") for _, one in outputs_measured(record, "direction")]
    if record.experiments.get("targets_are_inputs") or False in comparable:
        return None  # what is not a target of its own row cannot be the wrong one
    gain = (found["permuted"] - found["true"]) / max(abs(found["constant"]), 1e-12)
    if gain > NOTHING or found["true"] < (1 - NOTHING) * found["constant"]:
        return None
    text = f"A copy trained on the rows as they are has a held-out loss of {found['true']:.4g}, on rows with exchanged targets {found['permuted']:.4g} (constant-prediction baseline: {found['constant']:.4g})."
    return Symptom(
        "pairs-unrelated", gain, text, details={"fitted": found["fitted"], "constant": found["constant"]}
    )
