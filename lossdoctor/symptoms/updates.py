"""Updates: how far a step moves the weights, and how far the whole run moved them."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms.series import TINY, column, data_loss, kernels, nth
from lossdoctor.symptoms.symptom import Symptom

HUGE = (
    0.3  # one step moves a weight matrix by this share of itself; usual is 1e-3, TheDeepChecker warns at 0.1
)
TINY_STEP = 1e-4  # below TheDeepChecker's band of 1e-4 to 1e-1
STOOD_STILL = 0.02  # the whole run moved the weights by less than 2 % of themselves
FROZEN_AFTER = 1e-3
COLLAPSED = 0.4  # share of steps; a cosine makes its last tenth below 1 % of its top


def updates_huge(record: Record) -> Symptom | None:
    """A single step moves a weight matrix by a large share of itself. Value: the largest share (second highest sample)."""
    found = kernels(record)
    if found is None:
        return None
    ratio = _per_step(found.update, found.weight, found.steps)
    if not np.isfinite(ratio).any():
        return None
    each = np.nanmax(np.where(np.isfinite(ratio), ratio, 0.0), axis=1)
    at = int(each.argmax())
    if each[at] < HUGE:
        return None
    layer = found.variables[int(np.nanargmax(ratio[at]))].layer
    share = f"{each[at]:.0%}" if each[at] < 10 else f"{each[at]:.3g} times the size"
    lasting = float(np.median(each[1:])) if len(each) > 1 else float(each[0])
    text = (
        f"Step {nth(found.step[at])} moved the weights of {layer} by {share} of themselves (0.1 % is usual)."
    )
    return Symptom(
        "updates-huge", float(each[at]), text, int(found.step[at]), where=layer, details={"median": lasting}
    )


def updates_tiny(record: Record) -> Symptom | None:
    """Steps move the weights by next to nothing. Value: median share of themselves a step, over all samples."""
    found = kernels(record)
    if found is None:
        return None
    ratio = _per_step(found.update, found.weight, found.steps)
    if not np.isfinite(ratio).all():
        return None
    value = float(np.median(ratio.max(1)))
    if value > TINY_STEP:
        return None
    text = f"A step moves the weights by {value:.2g} of themselves at most (1e-3 is usual)."
    return Symptom("updates-tiny", value, text, details={"zero": value == 0.0})


def weights_stood_still(record: Record) -> Symptom | None:
    """The whole run hardly moved the weights. Value: largest relative distance from the start over the matrices."""
    moved = record.series.get("moved")
    if not len(column(record, "step")):
        return None  # no step was made
    variables = record.setup.variables
    if moved is None or len(moved) != len(variables):
        return None
    pick = [i for i, v in enumerate(variables) if len(v.shape) >= 2 and np.isfinite(moved[i])]
    if not pick:
        return None
    value = float(np.max(np.asarray(moved)[pick]))
    if value > STOOD_STILL:
        return None
    text = f"From start to end the weights moved by {value:.2%} of themselves."
    return Symptom("weights-stood-still", value, text)


def updates_died(record: Record) -> Symptom | None:
    """Steps shrank to nothing during the run. Value: last over first relative step (a decaying rate, or dead units)."""
    found = kernels(record)
    if found is None or len(found.step) < 6:
        return None
    ratio = _per_step(found.update, found.weight, found.steps).max(1)
    first, last = float(np.median(ratio[:3])), float(np.median(ratio[-3:]))
    if not np.isfinite(last) or first < TINY or last > FROZEN_AFTER * first:
        return None
    text = f"A step moved the weights by {first:.2g} of themselves at the start and by {last:.2g} at the end."
    return Symptom("updates-died", last / first, text)


def rate_collapsed(record: Record) -> Symptom | None:
    """A schedule or callback brought the rate down while the loss was still falling. Value: share of the steps
    that were made at less than 1 % of the highest rate, 0 to 1."""
    rate, loss = column(record, "learning_rate"), data_loss(record)
    if len(rate) < 20 or len(loss) != len(rate) or not np.isfinite(rate).all() or not np.isfinite(loss).all():
        return None
    optimizer = record.setup.optimizer
    top = max(
        float(rate.max()),
        float((optimizer and optimizer.schedule_config.get("initial_learning_rate")) or 0.0),
    )
    share = float((rate < 0.01 * top).mean())
    if share < COLLAPSED or not _cut_short(loss, int(np.argmax(rate < 0.1 * top))):
        return None
    text = f"The learning rate fell from {top:.3g} to {rate[-1]:.2g} while the loss was still falling: {share:.0%} of the steps were made at less than 1 % of it."
    return Symptom("rate-collapsed", share, text)


def _cut_short(loss: np.ndarray, until: int) -> bool:
    """True when the loss was still on its way down at step `until`: a plateau before it makes a cut right."""
    if until < 6:
        return True
    parts = [float(np.median(p)) for p in np.array_split(loss[:until], 3)]
    return parts[1] - parts[2] > 0.15 * max(parts[0] - parts[2], TINY) and parts[2] < parts[1]


def _per_step(update: np.ndarray, weight: np.ndarray, steps: np.ndarray) -> np.ndarray:
    before = np.maximum(weight[:1] if len(weight) else weight, TINY)
    # The norm after a huge step hides how large it was: measure against the smaller of the norms.
    smaller = np.maximum(np.minimum(weight, before), TINY)
    share: np.ndarray = update / smaller / np.maximum(steps, 1)[:, None]
    return share
