"""Judge: the score of a variant of the model on rows, under whatever loss it has."""

from __future__ import annotations

import math
from typing import Any

import keras
import numpy as np

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.score import WORST, Score, hits, majority, skill
from lossdoctor.experiments.workbench import Variant, in_order
from lossdoctor.losses import Loss, loss_of
from lossdoctor.losses.codings import coding_of
from lossdoctor.remedies.apply.losses import loss_name

SAME = 1e-7  # relative spread below which float32 outputs are one number


def score(variant: Variant, rows: Sample, reference: float) -> Score:
    """Returns what a variant's outputs on rows are worth.

    Args:
        variant: the model to ask, in inference mode.
        rows: inputs with their targets.
        reference: the loss at the start of the unchanged run; 0 on the scale of losses of the user's
            own, for which no best constant prediction is known.
    """
    loss, outputs = variant.evaluate(rows)
    if not math.isfinite(loss) or not all(np.isfinite(o).all() for o in outputs):
        return Score(WORST, loss if not math.isfinite(loss) else math.nan)
    targets = in_order(variant.model, rows.y) if rows.y is not None else []
    losses = losses_of(variant, len(outputs))
    accuracies = [_hits(y, p, f) for y, p, f in zip(targets, outputs, losses, strict=False)]
    parts = [_loss_skill(loss, targets, losses, variant, reference)]
    parts += [_answers(y, p, f, a) for y, p, f, a in zip(targets, outputs, losses, accuracies, strict=False)]
    known = [p for p in parts if p is not None]
    hits_known = [a for a in accuracies if a is not None]
    value = float(np.mean(known)) if known else WORST
    if all(constant(o) for o in outputs):
        value = min(value, 0.0)  # whatever the loss says: it may be taken from numbers behind the outputs
    return Score(value, loss, float(np.mean(hits_known)) if hits_known else None)


def constant(outputs: np.ndarray) -> bool:
    """Returns whether every row of outputs is the same to seven digits."""
    spread = np.ptp(outputs, axis=0) if outputs.ndim and len(outputs) > 1 else np.ones(1)
    return bool((spread <= SAME * max(1.0, float(np.abs(outputs).max()))).all())


def losses_of(variant: Variant, outputs: int) -> list[tuple[str, dict[str, Any]]]:
    """Returns (name, its settings) of the loss of each output."""
    given = variant.plan.settings.rest.get("loss")
    parts = in_order(variant.model, given) if isinstance(given, (dict, list, tuple)) else [given] * outputs
    return [_described(part) for part in parts]


def _described(loss: Any) -> tuple[str, dict[str, Any]]:
    if loss is None:
        return "custom:none", {}
    name = loss_name(loss)
    # A function of the user's own may be called like one of Keras's.
    own = not isinstance(loss, str) and not str(getattr(loss, "__module__", "")).startswith("keras")
    config = loss.get_config() if isinstance(loss, keras.losses.Loss) and not own else {}
    return (f"custom:{name}" if own else name), config


def _loss_skill(
    loss: float, targets: list[Any], losses: list, variant: Variant, reference: float
) -> float | None:
    rows = [loss_of(name) for name, _ in losses]
    if not targets or any(row is None for row in rows) or len(rows) != len(targets):
        return skill(loss, reference, reference - abs(reference))
    weights = _weights(variant, len(rows))
    config = [c for _, c in losses]
    known = [row for row in rows if row is not None]
    base = sum(
        w * r.baseline(np.asarray(y), c) for w, r, y, c in zip(weights, known, targets, config, strict=True)
    )
    floor = sum(
        w * r.floor(np.asarray(y), c) for w, r, y, c in zip(weights, known, targets, config, strict=True)
    )
    # Targets that do not fit the loss: its value says nothing, only the answers do.
    return skill(loss, base, floor) if math.isfinite(base) and math.isfinite(floor) else None


def _weights(variant: Variant, count: int) -> list[float]:
    given = variant.plan.settings.rest.get("loss_weights")
    if isinstance(given, (int, float)):
        return [float(given)] * count
    parts = [1.0] * count if given is None else in_order(variant.model, given)
    return [1.0 if p is None else float(p) for p in parts] if len(parts) == count else [1.0] * count


def _hits(y: Any, outputs: np.ndarray, loss: tuple[str, dict[str, Any]]) -> float | None:
    name, config = loss
    row = loss_of(name)
    if row is None:
        return None
    signed = config.get("from_logits") or "hinge" in name or coding_of(y) == "sign"
    return None if _numbers(row, y, outputs) else hits(np.asarray(y), outputs, 0.0 if signed else 0.5, row)


def _numbers(row: Loss, y: Any, outputs: np.ndarray) -> bool:
    """Returns whether outputs and targets are to be compared as numbers, not as classes."""
    coding = coding_of(y)
    return row.task in ("regression", "counts") and coding in ("real", "integer", "constant", "distribution")


def _answers(
    y: Any, outputs: np.ndarray, loss: tuple[str, dict[str, Any]], accuracy: float | None
) -> float | None:
    y, row = np.asarray(y, np.float64), loss_of(loss[0])
    if accuracy is not None:
        best = majority(y)
        return skill(1.0 - accuracy, 1.0 - best) if best < 1.0 else None
    if row is None or outputs.size != y.size or not _numbers(row, y, outputs):
        return None
    finite = np.isfinite(y)
    spread = float(y[finite].var())
    return (
        skill(float(np.square(outputs.ravel() - y.ravel())[finite.ravel()].mean()), spread)
        if spread
        else None
    )
