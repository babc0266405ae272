"""Layers' outputs on the sample: dead, saturated or constant units."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.record import Activity, Record
from lossdoctor.symptoms.symptom import Symptom

RELU_LIKE = ("relu", "relu6")
FLAT = ("tanh", "sigmoid", "hard_sigmoid")
DEAD = 0.9  # a healthy sparse net has 41-43 % silent units, 0.6 at the start is normal, the dead one 96-100 %
SATURATED = 0.5  # 81-100 % in sick first layers, 0 % in healthy ones
CONSTANT = 1e-6  # spread of the outputs over rows against their size


def _of(record: Record, when: str) -> Iterator[Activity]:
    return (a for a in record.activity if a.when == when)


def units_dead(record: Record) -> Symptom | None:
    """Nearly all units of a ReLU layer are silent for every row at the end. Value: largest dead share of a layer."""
    layers = [a for a in _of(record, "final") if a.activation in RELU_LIKE and not a.nonfinite]
    if not layers:
        return None
    worst = max(layers, key=lambda a: a.dead)
    if worst.dead < DEAD:
        return None
    first = next((a.dead for a in _of(record, "initial") if a.layer == worst.layer), 0.0)
    text = f"{worst.dead:.0%} of the ReLU units of {worst.layer} put out 0 for every row (at the start: {first:.0%})."
    return Symptom(
        "units-dead", worst.dead, text, where=worst.layer, details={"initial": first, "output": worst.output}
    )


def units_saturated(record: Record) -> Symptom | None:
    """Hidden tanh or sigmoid units sit in their flat part before training. Value: largest share of a layer at the start."""
    layers = [a for a in _of(record, "initial") if a.activation in FLAT and not a.output]
    if not layers:
        return None
    worst = max(layers, key=lambda a: a.saturated)
    if worst.saturated < SATURATED:
        return None
    text = f"{worst.saturated:.0%} of the {worst.activation} outputs of {worst.layer} are saturated before the first step; their input is about {worst.input_scale:.3g}."
    return Symptom(
        "units-saturated",
        worst.saturated,
        text,
        where=worst.layer,
        details={"input_scale": worst.input_scale},
    )


def units_saturated_late(record: Record) -> Symptom | None:
    """Hidden tanh or sigmoid units became saturated during training. Value: largest share of a layer at the end."""
    start = {a.layer: a.saturated for a in _of(record, "initial")}
    layers = [a for a in _of(record, "final") if a.activation in FLAT and not a.output]
    grown = [a for a in layers if a.saturated >= SATURATED and start.get(a.layer, 0.0) < SATURATED]
    if not grown:
        return None
    worst = max(grown, key=lambda a: a.saturated)
    text = f"{worst.saturated:.0%} of the {worst.activation} outputs of {worst.layer} are saturated at the end (at the start {start.get(worst.layer, 0.0):.0%})."
    return Symptom("units-saturated-late", worst.saturated, text, where=worst.layer)


def outputs_constant(record: Record) -> Symptom | None:
    """The model gives the same answer for every row at the end. Value: spread over rows against the outputs' size."""
    outputs = [a for a in _of(record, "final") if a.output and not a.nonfinite]
    rows = record.data.inputs[0].rows if record.data.inputs else 0
    if not outputs or rows < 4:
        return None
    value = max(a.spread / max(abs(a.mean), abs(a.low), abs(a.high), 1e-30) for a in outputs)
    evaluation = record.experiments.get("evaluation", {}).get("final", {})
    varies = evaluation.get("classes", 2) > 1
    if (value > CONSTANT and not (evaluation.get("spread", 1.0) < 1e-4)) or not varies:
        return None
    text = f"At the end the model gives the same answer for every row (outputs vary by {value:.1g} of themselves)."
    return Symptom("outputs-constant", value, text, where=outputs[0].layer, alarming=True,
                   details={"exact": value == 0.0})  # fmt: skip


def signal_lost(record: Record) -> Symptom | None:
    """Before training the rows' differences are lost on the way through the layers. Value: spread of the last
    hidden layer over that of the first (each against the layer's size)."""
    layers = [a for a in _of(record, "initial") if a.activation and not a.output and a.std > 0]
    if len(layers) < 3:
        return None
    relative = [a.spread / max(abs(a.mean), a.std, 1e-30) for a in layers]
    ratio = relative[-1] / max(relative[0], 1e-30)
    if ratio > 1e-2:
        return None
    text = f"Before training the outputs of {layers[-1].layer} hardly depend on the row: {relative[-1]:.1g} of their size, against {relative[0]:.1g} in {layers[0].layer}."
    return Symptom("signal-lost", ratio, text, where=layers[-1].layer)
