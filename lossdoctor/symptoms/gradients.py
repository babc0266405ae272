"""Gradients: zero, vanishing or exploding along the layers, exploding in time."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.symptoms.level import learned
from lossdoctor.symptoms.series import TINY, column, finite, kernels, nth
from lossdoctor.symptoms.symptom import Symptom

VANISHING = 1e-3  # first over last layer, as in AUTOTRAINER (Zhang et al. 2021, ICSE); 3e-9 in a sick stack
EXPLODING_LAYERS = 1e3
GROWING = 30.0  # largest over early median of the global norm
LARGE_START = (
    50.0  # gradient over weight norm at the start; 0.05 to 7 in healthy nets, 9e3 on unscaled inputs
)


def gradients_zero(record: Record) -> Symptom | None:
    """The global gradient norm is exactly 0. Value: share of the run's steps, 0 to 1.

    Small gradients are not 0: only dead units, saturation and a softmax over one unit give an exact zero.
    """
    norms = finite(column(record, "grad_norm"))
    if len(norms) < 2 or not (norms == 0).any():
        return None
    share = float((norms == 0).mean())
    if share < 0.2 or norms[-1] != 0:
        return None
    if share < 1.0 and (done := learned(record)) is not None and done.value > 0.9:
        return None  # nothing is left to learn
    since = int(np.argmax(norms == 0))
    text = f"From step {nth(since)} on the gradient is exactly 0 ({share:.0%} of all steps): nothing is updated any more."
    return Symptom(
        "gradients-zero", share, text, since, details={"from_start": bool(norms[0] == 0)}, alarming=True
    )


def layer_gradients_zero(record: Record) -> Symptom | None:
    """Some weight matrices get a gradient of exactly 0 at the end. Value: their share, 0 to 1."""
    found = kernels(record)
    if found is None or len(found.step) < 2:
        return None
    last = found.grad[-max(2, len(found.step) // 4) :]
    zero = (last == 0).all(0)
    if not zero.any():
        return None
    started = (found.grad[0] == 0) & zero
    names = [v.layer for v, z in zip(found.variables, zero, strict=True) if z]
    text = f"{len(names)} of {len(zero)} weight matrices get a gradient of exactly 0 at the end: {', '.join(names[:4])}."
    return Symptom("layer-gradients-zero", float(zero.mean()), text, where=names[0],
                   details={"from_start": float(started.mean()), "layers": names})  # fmt: skip


def gradients_vanishing(record: Record) -> Symptom | None:
    """At the start the first layer's gradient is a tiny share of the last one's, in relation to their weights.

    Value: (gradient over weight norm of the first matrix) over (that of the last).
    """
    ratios = _relative(record)
    if ratios is None or len(ratios[1]) < 3:
        return None
    names, relative = ratios
    ratio = relative[0] / max(relative[-1], TINY)
    if ratio > VANISHING or relative[-1] == 0:
        return None
    text = f"The gradient of {names[0]} is {relative[0]:.2g} times its weights, that of {names[-1]} {relative[-1]:.2g}: it shrinks {1 / max(ratio, TINY):.2g}-fold over {len(names)} layers."
    return Symptom("gradients-vanishing", float(ratio), text, where=names[0])


def gradients_growing(record: Record) -> Symptom | None:
    """At the start gradients grow towards the first layer. Value: first over last, relative to the weights."""
    ratios = _relative(record)
    if ratios is None or len(ratios[1]) < 3:
        return None
    names, relative = ratios
    ratio = relative[0] / max(relative[-1], TINY)
    if ratio < EXPLODING_LAYERS:
        return None
    text = f"The gradient of {names[0]} is {relative[0]:.2g} times its weights, {ratio:.2g} times as much as that of {names[-1]}."
    return Symptom("gradients-growing-by-layer", float(ratio), text, where=names[0])


def gradients_exploding(record: Record) -> Symptom | None:
    """The global gradient norm grew far above its own history. Value: largest over the early median."""
    norms = finite(column(record, "grad_norm"))
    top = finite(column(record, "grad_norm_max"))
    if len(norms) < 3 or not len(top):
        return None
    early = float(np.median(norms[: max(3, min(10, len(norms) // 3))]))
    early = max(min(early, float(norms[0]) if norms[0] > 0 else early), TINY)
    ratio = float(top.max() / early)
    if ratio < GROWING or top.max() < 1.0:
        return None
    step = int(column(record, "step")[int(np.nanargmax(column(record, "grad_norm_max")))])
    text = (
        f"The gradient norm grew from {early:.3g} to {top.max():.3g}, {ratio:.3g}-fold, by step {nth(step)}."
    )
    return Symptom("gradients-exploding", ratio, text, step)


def gradients_large_at_start(record: Record) -> Symptom | None:
    """The first gradient is many times the weights themselves. Value: largest ratio over the weight matrices."""
    found = kernels(record)
    if found is None:
        return None
    ratio = found.grad[0] / np.maximum(found.weight[0], TINY)
    ratio = np.where(found.weight[0] > TINY, ratio, 0.0)
    if not np.isfinite(ratio).any() or np.nanmax(ratio) < LARGE_START:
        return None
    at = int(np.nanargmax(ratio))
    text = (
        f"The first gradient of {found.variables[at].layer} is {ratio[at]:.3g} times as large as its weights."
    )
    return Symptom("gradients-large-at-start", float(ratio[at]), text, 0, where=found.variables[at].layer)


def _relative(record: Record) -> tuple[list[str], np.ndarray] | None:
    found = kernels(record)
    if found is None:
        return None
    relative = found.grad[0] / np.maximum(found.weight[0], TINY)
    valid = np.isfinite(relative) & (found.weight[0] > TINY)
    return [v.layer for v, k in zip(found.variables, valid, strict=True) if k], relative[valid]
