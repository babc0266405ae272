"""What the model's outputs say about its targets: accuracy or explained variance, first, last and on validation."""

from __future__ import annotations

from typing import Any

import numpy as np

import lossdoctor.experiments.layer_outputs as layer_outputs
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.neighbours import neighbours
from lossdoctor.losses import loss_of
from lossdoctor.losses.codings import class_numbers
from lossdoctor.record import Setup


def evaluate(
    model: Any,
    setup: Setup,
    states: dict[str, layer_outputs.LayerOutputs],
    sample: Sample | None,
    validation: Sample | None,
) -> dict[str, Any]:
    """Returns scores by name: "initial", "final" (on the training sample) and "validation" (final weights).

    Each is {"accuracy", "majority", "rarest" (accuracy on the rarest class)} for class targets and {"explained"} (1 - mse / variance) for real ones,
    with "spread" (median over units of the outputs' standard deviation over rows, divided by the targets').
    Only single-output models are scored.
    """
    scores: dict[str, Any] = {}
    if sample is None or sample.y is None or _embeds(setup, sample.y):
        return scores
    outputs = next(iter(states.values())).outputs if states else []
    if len(outputs) == 1 and hasattr(sample.y, "dtype") and sample.y.dtype.kind in "fiub":
        y = np.asarray(sample.y, np.float64)
        y = y[..., None] if y.ndim == outputs[0].ndim - 1 else y
        classes = class_numbers(y, outputs[0].shape[-1]) if y.ndim == 2 else None
        tokens = any(layer.kind == "Embedding" for layer in setup.layers)
        scores["neighbours"] = neighbours(sample, classes, tokens=tokens)
    for when, state in states.items():
        if len(state.outputs) == 1:
            scores[when] = score(np.asarray(sample.y), state.outputs[0])
    if validation is not None and validation.y is not None and "final" in states:
        try:
            state = layer_outputs.evaluate_layers(model, model.get_weights(), validation, "final")
        except Exception:  # a model that cannot be called so: the scores above stand alone
            return scores
        if len(state.outputs) == 1:
            scores["validation"] = score(np.asarray(validation.y), state.outputs[0])
    return {k: v for k, v in scores.items() if v}


def _embeds(setup: Setup, y: Any) -> bool:
    """Whether the outputs are places in a space (metric learning), under a loss of the user's own: as many units as
    classes are taken for the classes, any other number is not."""
    if len(setup.outputs) != 1 or loss_of(setup.outputs[0].loss) is not None:
        return False
    y, units = np.asarray(y), setup.outputs[0].units or 1
    numbers = y.dtype.kind in "iu" and y.size == len(y)
    return bool(units > 1 and numbers and y.size and y.max() + 1 != units)


def score(y: Any, out: np.ndarray) -> dict[str, float]:
    """Returns how well outputs [rows, ...] tell targets [rows, ...]; {} when their forms do not fit."""
    if y.dtype.kind not in "fiub" or not np.isfinite(out).all():
        return {}
    y = y.astype(np.float64)
    if y.ndim == out.ndim - 1:
        y = y[..., None]
    if y.ndim != out.ndim or y.shape[:-1] != out.shape[:-1]:
        return {}
    classes = class_numbers(y, out.shape[-1])
    if classes is not None:
        return _accuracy(classes, out)
    return _explained(y, out) if y.shape == out.shape else {}


def _accuracy(classes: np.ndarray, out: np.ndarray) -> dict[str, float]:
    units = out.shape[-1]
    flat = out.reshape(-1, units)
    if units == 1:
        guess = max(
            (_sides(classes, flat[:, 0] > c) for c in _cuts(classes, flat)),
            key=lambda g: (g == classes).sum(),
        )
    else:
        guess = flat.argmax(-1)
    names, counts = np.unique(classes, return_counts=True)
    rarest = classes == names[counts.argmin()]
    return {
        "accuracy": float((guess == classes).mean()),
        "majority": float(counts.max() / counts.sum()),
        "guessed": float(len(np.unique(guess))),
        "rarest": float((guess == classes)[rarest].mean()),
        "classes": float(len(counts)),
        "spread": float(np.median(flat.std(0))),
    }


def _cuts(classes: np.ndarray, out: np.ndarray) -> tuple[float, ...]:
    """Returns where one unit's answer may turn: outputs of {0, 1} that are also negative may be logits."""
    if classes.min() < 0:
        return (0.0,)
    return (0.5, 0.0) if out.min() < 0 else (0.5,)


def _sides(classes: np.ndarray, above: np.ndarray) -> np.ndarray:
    return np.where(above, classes.max(initial=1), classes.min(initial=0))


def _explained(y: np.ndarray, out: np.ndarray) -> dict[str, float]:
    variance = float(np.var(y, axis=0).mean())
    if not variance:
        return {}
    return {
        "explained": 1.0 - float(np.mean(np.square(y - out))) / variance,
        "spread": float(np.median(out.reshape(len(out), -1).std(0)) / np.sqrt(variance)),
    }
