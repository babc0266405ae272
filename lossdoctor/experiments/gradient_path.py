"""Gradient path: which variables get no gradient though they matter, and where is a gradient made NaN or infinite?

The gradient of the loss (with add_loss, without penalties on weights) is taken in one backward pass. For variables
without one, a perturbation tells what that means: the outputs follow a small one (the path is cut, as by
stop_gradient), only a large one (units are dead, or there is a threshold), or none (a matrix behind zeros, as LoRA's
first at the start; a key bias, which softmax cancels). What makes a gradient non-finite is for gradient_fault.

Cost: one forward and backward pass; per variable without a gradient two forward passes, for MOST_VARIABLES at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops, tree

from lossdoctor import backends
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.gradient_fault import fault_of
from lossdoctor.experiments.passes import Passes, number

MOST_VARIABLES = 16  # without a gradient that are perturbed one by one
SMALL, LARGE = 1e-3, 10.0  # of a variable's root mean square: its perturbations
FOLLOWS = 1e-5  # relative change of outputs that is more than float32 rounding

Array = np.ndarray


def gradient_path(passes: Passes, rows: Sample, *, training: bool = True, seed: int = 0) -> dict[str, Any]:
    """Returns which gradients are missing or not finite, and where that happens.

    Args:
        passes: the model, at the weights of interest: the last good ones for a bad batch.
        rows: one row or more, with targets if the loss needs them.
        training: the mode of the pass.
        seed: of the perturbations.

    Returns:
        "loss": float, None when it is not finite; "finite": whether the loss and all gradients are.
        Where finite, lists of paths of trainable variables: "cut" (gradient missing or exactly zero, yet outputs follow
        a small change), "flat" (they follow a large change only), "without_effect" (they follow none: zero by
        design, or not used), "not_tried"; "outputs_reached": False when every variable is without a gradient.
        Where not: "variable" (path of the first whose gradient is not finite, None when only the loss is not),
        "operation", "operand", "exponent", "place" ("loss", a layer's name, "model", or None), "row", "behind_where",
        "confidence" ("named": moving that operand makes all finite; "located": place only; "none"), "more" (further
        operations that must be moved as well); for the loss also "output", "output_value", "target_value", "edge"
        (whether a slightly other output has a finite gradient), "targets_only" (the operand stays as it is when outputs
        move, so it is made of targets); "nan_targets": whether targets that are NaN do it.

    Raises:
        ValueError: weights, inputs or outputs are not finite, so it is no question of gradients.
    """
    if not rows.rows:
        raise ValueError("there are no rows to differentiate the loss on")
    _require_finite(passes, rows, training)
    value, gradients = differentiated(passes, rows, training)
    bad = [v.path for v, g in zip(passes.model.trainable_variables, gradients, strict=True) if not _finite(g)]
    found: dict[str, Any] = {"loss": value if np.isfinite(value) else None, "finite": False}
    if bad or not np.isfinite(value):
        return {
            **found,
            "variable": bad[0] if bad else None,
            **fault_of(passes, rows, training, differentiated),
        }
    return {**found, "finite": True, **_missing(passes, rows, training, gradients, seed)}


def differentiated(passes: Passes, rows: Sample, training: bool) -> tuple[float, list[Any]]:
    """Returns the loss without penalties on weights, and its gradients in the trainable variables (None for none)."""
    variables = passes.model.trainable_variables

    def loss(values: Sequence[Any]) -> Any:
        total = passes.total_loss(rows, training=training, values=values)
        pairs = zip(variables, values, strict=True)
        parts = [ops.cast(v.regularizer(p), total.dtype) for v, p in pairs if _regularized(v)]
        return total - sum(parts) if parts else total

    value, gradients = backends.current().value_and_gradients(loss, passes.trainable)
    return number(value), [None if g is None else np.asarray(ops.convert_to_numpy(g)) for g in gradients]


def _regularized(variable: Any) -> bool:
    return getattr(variable, "regularizer", None) is not None


def _finite(gradient: Array | None) -> bool:
    return gradient is None or bool(np.isfinite(gradient.astype(np.float32)).all())


def _require_finite(passes: Passes, rows: Sample, training: bool) -> None:
    """Raises ValueError when weights, inputs or outputs are not finite."""
    for what, parts in (
        ("weights", passes.trainable),
        ("inputs", rows.x),
        ("outputs", passes.forward(rows.x, training=training)),
    ):
        arrays = [np.asarray(ops.convert_to_numpy(p)) for p in tree.flatten(parts) if p is not None]
        if not all(_finite(a) for a in arrays if a.dtype.kind not in "iubSUO"):
            raise ValueError(f"the {what} are not finite, so the loss cannot be differentiated there")


def _missing(
    passes: Passes, rows: Sample, training: bool, gradients: Sequence[Any], seed: int
) -> dict[str, Any]:
    none = [i for i, g in enumerate(gradients) if g is None or not np.any(g)]
    found: dict[str, Any] = {"cut": [], "flat": [], "without_effect": [], "not_tried": []}
    if none:
        base = _made(passes, rows, training, passes.trainable)
        rng = np.random.default_rng(seed)
        for i in none:
            kind = (
                _kind(passes, rows, training, i, base, rng) if none.index(i) < MOST_VARIABLES else "not_tried"
            )
            found[kind].append(passes.model.trainable_variables[i].path)
    return {**found, "outputs_reached": len(none) < len(gradients) or not gradients}


def _kind(passes: Passes, rows: Sample, training: bool, i: int, base: Array, rng: np.random.Generator) -> str:
    """Returns whether the outputs follow a small change of variable `i` ("cut"), a large one ("flat"), or none."""
    values = passes.trainable
    own = np.asarray(ops.convert_to_numpy(values[i])).astype(np.float32)
    size = float(np.sqrt(np.mean(np.square(own)))) or 1.0
    noise = rng.normal(size=own.shape).astype(np.float32)
    for kind, share in (("cut", SMALL), ("flat", LARGE)):
        moved = list(values)
        moved[i] = ops.convert_to_tensor(own + share * size * noise, dtype=values[i].dtype)
        made = _made(passes, rows, training, moved)
        scale = float(np.abs(base).max(initial=0.0)) or 1.0
        if float(np.abs(np.nan_to_num(made - base)).max(initial=0.0)) > FOLLOWS * scale:
            return kind
    return "without_effect"


def _made(passes: Passes, rows: Sample, training: bool, values: Sequence[Any]) -> Array:
    """Returns all outputs and the loss, one vector."""
    made = tree.flatten(passes.forward(rows.x, training=training, values=values))
    loss = passes.total_loss(rows, training=training, values=values) if _adds_losses(passes) else None
    parts = [np.asarray(ops.convert_to_numpy(ops.cast(t, "float32"))).ravel() for t in made]
    return np.concatenate(parts if loss is None else [*parts, [number(loss)]])


def _adds_losses(passes: Passes) -> bool:
    """Whether the model adds losses of its own, or has no other one."""
    return bool(passes.model.losses) or getattr(passes.model, "loss", None) is None
