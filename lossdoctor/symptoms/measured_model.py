"""What the experiments on the model and the order of data found, as symptoms: two modes, collapse, weights, order."""

from __future__ import annotations

import math
from typing import Any

from lossdoctor.record import Record
from lossdoctor.symptoms.symptom import Symptom

APART = (
    0.3  # gap between the modes, as a share of what the run gained in training mode over a constant answer
)
LEAKS = 1e-3  # change of a row's output when other rows change, relative to its size, that is no rounding
COLLAPSED = (
    0.01  # spread of the outputs over rows, against that of the targets, below which they are one point
)
SCALINGS = ("Rescaling", "Normalization")
SCALED = 3.0  # root mean square of inputs up to which they need no scaling
FOUND = 0.1  # share of the rarer kind's entries by which a mask must beat marking nothing
WEIGHTLESS = 0.02  # share of rows that a class without weight must have to matter
RESTARTS = 2  # optimizers made anew between the fits of one model, from which on it is no change of phase
JUMP = 1.3  # loss at a fit's beginning over that at the end of the fit before


def modes_differ(record: Record) -> Symptom | None:
    """The model does well in training mode and poorly in inference mode, because of a normalisation's statistics.

    Value: the gap as a share of what training mode gained over a constant answer.
    """
    found = record.experiments.get("two_modes", {})
    constant = record.experiments.get("constant_answer", {}).get("constant")
    if (
        not found
        or not found["layers"]
        or constant is None
        or found["explains"] not in ("statistics", "batch")
    ):
        return None
    training, inference = found["training_loss"], found["inference_loss"]
    gained = constant - training
    if not math.isfinite(gained) or gained <= 0.1 * abs(constant):
        return None
    gap = (inference - training) / gained if math.isfinite(inference) else math.inf
    error = found["gap_error"] or 0.0
    if gap < APART or inference - training < 4 * error or not _costs_answers(found):
        return None
    layer = found["layers"][0]
    text = f"On the same rows the loss is {training:.4g} in training mode and {inference:.4g} in inference mode{_accuracies(found)}."
    return Symptom("modes-differ", gap, text, where=layer["layer"], alarming=True, details={
        "explains": found["explains"], "batch_size": found["batch_size"], **{k: layer.get(k) for k in ("layer", "momentum", "updates_needed", "distance")}})  # fmt: skip


def _costs_answers(found: dict[str, Any]) -> bool:
    """Returns whether answers get worse too: a tiny loss may be many times larger and every answer still right."""
    training, inference = found.get("training_accuracy"), found.get("inference_accuracy")
    return training is None or inference is None or bool(training - inference >= 0.05)


def _accuracies(found: dict[str, Any]) -> str:
    pair = found.get("training_accuracy"), found.get("inference_accuracy")
    return "" if None in pair else f" (accuracy {pair[0]:.2f} and {pair[1]:.2f})"


def rows_depend(record: Record) -> Symptom | None:
    """A row's output in inference mode depends on the other rows of its batch. Value: the largest change."""
    found = record.experiments.get("independence", {})
    change = found.get("rows_inference")
    if change is None or not change > LEAKS:
        return None
    text = (
        f"In inference mode the output of a row changes by {change:.1%} when other rows of its batch change."
    )
    return Symptom("rows-depend", float(change), text)


def latents_unused(record: Record) -> Symptom | None:
    """The random latents of the model carry nothing about their row. Value: information in nats a row."""
    latents = record.experiments.get("collapse", {}).get("latents") or []
    empty = [found for found in latents if found["active"] == 0 and found["information"] < 0.1]
    if not latents or len(empty) < len(latents):
        return None
    text = f"None of the {empty[0]['width']} latent numbers of {empty[0]['name']!r} carries anything about its row."
    return Symptom("latents-unused", empty[0]["information"], text, where=empty[0]["name"])


def scaled_twice(record: Record) -> Symptom | None:
    """A scaling layer of the model takes numbers that are scaled already and leaves next to nothing of them.

    Value: the root mean square of what comes out of it.
    """
    for layer in record.activity:
        if layer.kind not in SCALINGS or layer.when != "final" or not 0 < layer.input_scale <= SCALED:
            continue
        size = math.hypot(layer.mean, layer.std)
        if size >= 0.05 * layer.input_scale or size >= 0.02:
            continue
        text = f"{layer.layer} takes inputs of size {layer.input_scale:.2g} and gives out {size:.2g}: they were scaled before."
        return Symptom("scaled-twice", size, text, where=layer.layer)
    return None


def outputs_collapsed(record: Record) -> Symptom | None:
    """Outputs are nearly the same for every row, though they differed at first. Value: spread against the start's."""
    found = record.experiments.get("collapse", {})
    flat = [o for o in found.get("outputs", ()) if _is_point(o)]
    if not flat or len(flat) < len(found["outputs"]):
        return None
    first = f", from {found['first']!r} on" if found.get("first") else ""
    text = f"The outputs {flat[0]['name']!r} are nearly the same for every row: they differ by {flat[0]['spread']:.2g} of their size, at the initial weights by {flat[0]['start']:.2g}{first}."
    return Symptom("outputs-collapsed", float(flat[0]["ratio"] or 0.0), text, where=flat[0]["name"])


def _is_point(output: dict[str, Any]) -> bool:
    against, ratio = output.get("targets"), output["ratio"]
    if output.get("nonfinite"):
        return False
    if against is not None:
        return bool(against < COLLAPSED and (ratio is None or ratio < 1.0))
    return ratio is not None and ratio < COLLAPSED


def mask_missed(record: Record) -> Symptom | None:
    """A mask of rare marks is not found: no more entries are right than when nothing is marked.

    Value: share of the rarer kind that the answers gain over marking nothing.
    """
    target = record.data.targets[0] if record.data.targets else None
    found = record.experiments.get("evaluation", {}).get("final", {})
    if (
        target is None
        or len(target.shape) < 3
        or found.get("classes") != 2
        or found.get("majority", 0.0) < 0.9
    ):
        return None
    rare = 1.0 - found["majority"]
    gain = (found["accuracy"] - found["majority"]) / rare if rare else 1.0
    if gain > FOUND:
        return None
    text = f"{found['accuracy']:.2%} of the mask's entries are right; marking nothing gives {found['majority']:.2%}."
    return Symptom("mask-missed", gain, text, alarming=True)


def classes_weightless(record: Record) -> Symptom | None:
    """Rows of whole classes have the sample weight zero. Value: the share of rows that do."""
    target = record.data.targets[0] if record.data.targets else None
    if target is None or (target.coding == "integer" and target.shape not in ((), (1,))):
        return None  # of a row of steps some are left out on purpose
    counts = target.counts
    weights, rows = record.data.class_weights, sum(counts.values())
    lost = [c for c, w in weights.items() if w == 0.0 and rows and counts.get(c, 0) >= WEIGHTLESS * rows]
    if not lost or len(lost) == len(weights):
        return None
    share = sum(counts[c] for c in lost) / rows
    text = f"The rows of {'class' if len(lost) == 1 else 'the classes'} {', '.join(lost[:6])} ({share:.0%} of all) have the weight 0: nothing is learned of them."
    return Symptom("classes-weightless", share, text, alarming=True)


def optimizer_restarted(record: Record) -> Symptom | None:
    """The optimizer was made anew again and again between fits of one trained model. Value: how often."""
    setup = record.setup
    if setup.optimizer_restarts < RESTARTS:
        return None
    text = f"The model had been trained for {setup.earlier_updates} updates, and its optimizer was made anew before this fit, as before {setup.optimizer_restarts - 1} other{'s' * (setup.optimizer_restarts != 2)}: its state was lost."
    return Symptom("optimizer-restarted", float(setup.optimizer_restarts), text, alarming=True)


def order_sorted(record: Record) -> Symptom | None:
    """Successive rows have one class, far longer than by chance. Value: mean run length over that by chance."""
    found = record.experiments.get("data_order", {})
    if found.get("runs", 1.0) < 4.0 or found.get("pure_batches", 0.0) < 0.5:
        return None
    text = f"{found['pure_batches']:.0%} of the first batches hold one class alone (by chance: {found['pure_by_chance']:.0%}): the rows are in order of their targets."
    return Symptom("order-sorted", found["runs"], text, alarming=True)


def batches_repeat(record: Record) -> Symptom | None:
    """The same rows come again and again within the first batches. Value: share of rows that are copies."""
    found = record.experiments.get("data_order", {})
    if found.get("repeated", 0.0) < 0.5:
        return None
    text = f"{found['repeated']:.0%} of the first {found['rows']:.0f} rows are exact copies of rows in the batches before: the same rows come again."
    return Symptom("batches-repeat", found["repeated"], text, alarming=True)
