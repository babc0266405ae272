"""What can be said when only the epochs' losses are known (a History, a CSV file): no targets, no gradients."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms.series import TINY, column
from lossdoctor.symptoms.symptom import Symptom

# What always giving the same answer costs under a cross-entropy with so many equally frequent classes.
USUAL_CLASSES = (2, 3, 4, 5, 10, 20, 100, 1000)
CLOSE = 0.004  # relative: 0.6931 and 2.3026 as people see them, 0.696 but not 0.70
WILD = 0.5  # median relative change from epoch to epoch of a loss that jumps about


def loss_at_log(record: Record) -> Symptom | None:
    """The loss stands at the logarithm of a usual number of classes. Value: that number."""
    loss = column(record, "epoch.loss")
    if record.data.targets or len(loss) < 4 or not np.isfinite(loss).all():
        return None
    half = loss[len(loss) // 2 :]
    for classes in USUAL_CLASSES:
        if np.abs(half - np.log(classes)).max() < CLOSE * np.log(classes) and loss[0] < 50 * loss[-1]:
            text = f"The loss stands at {loss[-1]:.4g} = ln({classes}): what always giving the same answer costs with {classes} equally frequent classes."
            return Symptom("loss-at-log", classes, text, alarming=record.source != "fit")
    return None


def loss_wild(record: Record) -> Symptom | None:
    """In a bare history the loss jumps up and down by half of itself and more, to the end. Value: median relative change."""
    loss = column(record, "epoch.loss")
    if record.source == "fit" or len(loss) < 8 or not np.isfinite(loss).all() or loss.min() <= TINY:
        return None
    late = np.diff(np.log(loss[len(loss) // 2 :]))
    size, turns = float(np.median(np.abs(late))), float(np.mean(late[1:] * late[:-1] < 0))
    if size < np.log1p(WILD) or turns < 0.5 or loss[len(loss) // 2 :].max() < 0.3 * loss[0]:
        return None
    text = f"To the end the loss jumps up and down by {np.expm1(size):.0%} from epoch to epoch."
    return Symptom("loss-wild", size, text, alarming=True)


def underfitting(record: Record) -> Symptom | None:
    """In a bare history the loss hardly fell from its start. Value: share of the first loss that was gained."""
    loss = column(record, "epoch.loss")
    if record.source == "fit" or len(loss) < 5 or not np.isfinite(loss).all() or loss[0] <= TINY:
        return None
    gain = float((loss[0] - loss[-1]) / loss[0])
    if not 0 <= gain < 0.02:
        return None
    text = f"In {len(loss)} epochs the loss fell by only {gain:.1%}, from {loss[0]:.4g} to {loss[-1]:.4g}."
    return Symptom("underfitting", gain, text, alarming=True)
