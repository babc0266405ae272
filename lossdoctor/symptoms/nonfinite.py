"""NaN and inf: in the loss, the gradients, the data, the weights."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Array, Record
from lossdoctor.symptoms.series import column, nth
from lossdoctor.symptoms.symptom import Symptom


def loss_non_finite(record: Record) -> Symptom | None:
    """The loss became NaN or inf. Value: the step (of a bare history: the epoch) from 0."""
    loss = column(record, "batch_loss")
    if not len(loss):
        return _epoch_non_finite(record)
    bad = np.flatnonzero(~np.isfinite(loss))
    if not bad.size:
        return None
    step, epoch = int(column(record, "step")[bad[0]]), int(column(record, "epoch")[bad[0]])
    before = loss[: bad[0]]
    text = f"The loss became {_name(loss[bad[0]])} at epoch {nth(epoch)}, step {nth(step)}"
    text += f"; it was {before[-1]:.4g} one step earlier." if len(before) else ", the very first."
    lasting = not np.isfinite(loss[bad[0] :]).any()
    details = {
        "first": first_bad_thing(record, int(bad[0])),
        "lasting": lasting,
        "share": float(bad.size / len(loss)),
        "before": float(before[-1] / abs(before[0])) if len(before) and before[0] else None,
    }
    return Symptom("loss-non-finite", step, text, step, epoch, alarming=True, details=details)


def _epoch_non_finite(record: Record) -> Symptom | None:
    loss = column(record, "epoch.loss")
    bad = np.flatnonzero(~np.isfinite(loss))
    if not bad.size:
        return None
    epoch = int(bad[0])
    text = f"The loss became {_name(loss[epoch])} in epoch {nth(epoch)}."
    return Symptom("loss-non-finite", epoch, text, epoch=epoch, alarming=True, details={"lasting": True})


def step_raised(record: Record) -> Symptom | None:
    """A training step raised an error. Value: the steps made before it."""
    kind = record.stopped.removeprefix("error: ")
    # Ctrl-C and errors of other callbacks say nothing about the training.
    if not record.stopped.startswith("error: ") or not kind.endswith(("Error", "Exception")):
        return None
    steps = len(column(record, "step"))
    text = f"Training step {nth(steps)} raised {kind}."
    return Symptom("step-raised", steps, text, steps, alarming=True)


def first_bad_thing(record: Record, row: int) -> str:
    """Returns what was non-finite first in that row: "input", "target", "loss" or "gradient" (weights come later)."""
    for name, series in (("input", "input_rms"), ("target", "target_rms")):
        values = column(record, series)
        known = np.isfinite(values).any()
        if len(values) > row and known and not np.isfinite(values[row]):
            return name
    norms = column(record, "grad_norm")
    if row > 0 and len(norms) > row and not np.isfinite(norms[row - 1]):
        return "gradient"
    return "loss"


def gradient_non_finite(record: Record) -> Symptom | None:
    """A gradient became NaN or inf before any loss did. Value: the step, from 0."""
    norms, loss = column(record, "grad_norm"), column(record, "batch_loss")
    if not np.isfinite(norms).any() or len(loss) != len(norms):  # a train_step may return no loss
        return None
    bad = np.flatnonzero(~np.isfinite(norms))
    if not bad.size or not np.isfinite(loss[: bad[0] + 1]).all():
        return None
    step, epoch = int(column(record, "step")[bad[0]]), int(column(record, "epoch")[bad[0]])
    text = f"The gradient became non-finite at step {nth(step)} while the loss was {loss[bad[0]]:.4g}."
    return Symptom("gradient-non-finite", step, text, step, epoch, alarming=True)


def validation_non_finite(record: Record) -> Symptom | None:
    """The validation loss was NaN or inf while the training loss was finite. Value: the epoch, from 0."""
    loss, val = column(record, "epoch.loss"), column(record, "epoch.val_loss")
    if len(loss) != len(val):
        return None
    seen = np.flatnonzero(np.isfinite(val))
    last = seen[-1] if seen.size else len(val) - 1
    # Epochs without validation (validation_freq) are NaN as well: count only if none was ever finite or inf came.
    bad = np.flatnonzero(np.isinf(val) | (np.isnan(val) & np.isfinite(loss) & (seen.size == 0)))
    if not bad.size or not len(val):
        return None
    text = f"The validation loss was {_name(val[bad[0]])} in epoch {nth(bad[0])}, the training loss was {loss[bad[0]]:.4g}."
    return Symptom("validation-non-finite", int(bad[0]), text, epoch=int(min(bad[0], last)), alarming=True)


def steps_skipped(record: Record) -> Symptom | None:
    """Loss scaling skipped updates. Value: share of all steps, 0 to 1. A few at the start are normal."""
    skipped = sum(e.data.get("skipped", 0) for e in record.events if e.kind == "loss-scale")
    steps = column(record, "step")
    if not skipped or not len(steps):
        return None
    share = float(skipped / (steps[-1] + 1))
    text = f"Loss scaling skipped {int(skipped)} of {int(steps[-1]) + 1} updates ({share:.0%}) as their gradients overflowed."
    # A dynamic scale starts at 2**15 and halves at each overflow: a few skipped steps are normal, half of all are not
    # (https://keras.io/api/optimizers/loss_scale_optimizer/).
    return Symptom("steps-skipped", share, text, alarming=share > 0.5)


def data_non_finite(record: Record) -> Symptom | None:
    """Inputs or targets hold NaN or inf. Value: number of such entries seen in the sample, at least 1."""
    for kind, arrays in (("input", record.data.inputs), ("target", record.data.targets)):
        for array in arrays:
            if array.nonfinite:
                return Symptom("data-non-finite", array.nonfinite, _where(kind, array), where=kind, alarming=True,
                               details={"columns": list(array.bad_columns), "rows": list(array.bad_rows)})  # fmt: skip
    for kind in ("input", "target"):
        values = column(record, f"{kind}_rms")
        bad = np.flatnonzero(~np.isfinite(values))
        if bad.size and bad.size < len(values):
            step = int(column(record, "step")[bad[0]])
            text = (
                f"The {kind}s of step {nth(step)} hold NaN or inf ({bad.size} of {len(values)} batches do)."
            )
            return Symptom("data-non-finite", bad.size, text, step, where=kind, alarming=True)
    for kind, arrays in (
        ("input", record.data.validation_inputs),
        ("target", record.data.validation_targets),
    ):
        for array in arrays:
            if array.nonfinite:
                text = "Validation: " + _where(kind, array)
                return Symptom(
                    "data-non-finite", array.nonfinite, text, where=f"validation {kind}", alarming=True
                )
    return None


def _where(kind: str, array: Array) -> str:
    size = array.rows * int(np.prod([n or 1 for n in array.shape]))
    text = f"{array.nonfinite} of {size} {kind} values in the sample are NaN or inf"
    if array.bad_columns:
        text += (
            f", in column{'s' if len(array.bad_columns) > 1 else ''} {', '.join(map(str, array.bad_columns))}"
        )
    if array.bad_rows:
        text += f"; first in row {array.bad_rows[0]} of the batches as they came"
    return text + "."


def weights_non_finite(record: Record) -> Symptom | None:
    """Weights are NaN or inf. Value: share of the variables, 0 to 1."""
    norms = np.asarray(record.series.get("sampled.weight_norm", np.zeros((0, 0))), dtype=np.float64)
    final = [a for a in record.activity if a.when == "final"]
    bad = np.atleast_1d(~np.isfinite(norms).all(0)) if norms.size else np.zeros(0, bool)
    if not bad.any() and not any(a.nonfinite for a in final):
        return None
    names = [v.path for v, b in zip(record.setup.variables, bad, strict=False) if b]
    where = names[0] if names else next((a.layer for a in final if a.nonfinite), "of an unknown name")
    text = f"Weights are NaN or inf ({len(names) or 'some'} of {len(record.setup.variables)} variables, first {where})."
    return Symptom(
        "weights-non-finite", float(bad.mean()) if bad.size else 1.0, text, where=where, alarming=True
    )


def _name(value: float) -> str:
    return "NaN" if np.isnan(value) else "inf" if value > 0 else "-inf"
