"""Penalties: how much of the loss they are, and whether they pulled the weights to nothing."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms.series import TINY, baseline, column, data_loss, kernels
from lossdoctor.symptoms.symptom import Symptom

DOMINATES = 1.0  # penalty over the rest of the loss, at the end
HEAVY = 3.0
SHRANK = 0.2  # end over start of a weight norm


def penalty_dominates(record: Record) -> Symptom | None:
    """At the end the penalties make up most of the loss. Value: penalty over the rest of the loss."""
    penalty, rest = column(record, "penalty"), data_loss(record)
    if (
        not len(penalty)
        or not np.isfinite([penalty[-1], rest[-1]]).all()
        or not any(la.regularizer for la in record.setup.layers)
    ):
        return None
    tail = max(1, len(penalty) // 5)
    ratio = float(np.median(penalty[-tail:]) / max(float(np.median(rest[-tail:])), TINY))
    if ratio < DOMINATES:
        return None
    text = f"At the end {ratio / (1 + ratio):.0%} of the loss is the penalty on the weights ({np.median(penalty[-tail:]):.3g})."
    return Symptom("penalty-dominates", ratio, text)


def penalty_at_start(record: Record) -> Symptom | None:
    """Before training the penalties outweigh what there is to learn. Value: first penalty over the baseline."""
    penalty, base = column(record, "penalty"), baseline(record)
    if (
        base is None
        or base < TINY
        or not len(penalty)
        or not np.isfinite(penalty[0])
        or penalty[0] < HEAVY * base
    ):
        return None
    text = f"The penalties start at {penalty[0]:.3g}, {penalty[0] / base:.3g} times what there is to learn ({base:.3g})."
    return Symptom("penalty-at-start", float(penalty[0] / base), text)


def weights_shrank(record: Record) -> Symptom | None:
    """The weights were pulled towards 0. Value: median over the weight matrices of last over first norm."""
    found = kernels(record)
    if found is None or len(found.step) < 2:
        return None
    value = float(np.median(found.weight[-1] / np.maximum(found.weight[0], TINY)))
    if not np.isfinite(value) or value > SHRANK:
        return None
    text = f"The weights shrank to {value:.1%} of their initial size."
    return Symptom("weights-shrank", value, text)
