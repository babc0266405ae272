"""Which columns of the sampled series belong to which layer, for the symptoms of gradients and updates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lossdoctor.record import Record, Variable

KERNEL_RANK = 2  # biases and scales start at 0 or 1: ratios to their norm say nothing


@dataclass(frozen=True)
class Kernels:
    """The weight matrices of a model, in the order of the computation.

    `grad`, `weight`, `update`: L2 norms [looks, kernels]; `step`: [looks]; `steps`: batches between
    the looks, [looks].
    """

    variables: tuple[Variable, ...]
    step: np.ndarray
    steps: np.ndarray
    grad: np.ndarray
    weight: np.ndarray
    update: np.ndarray


def kernels(record: Record) -> Kernels | None:
    """Returns the kernels' series, None when nothing was sampled."""
    grad = record.series.get("sampled.grad_norm")
    variables = record.setup.variables
    if grad is None or not len(grad) or np.shape(grad)[1] != len(variables):
        return None
    pick = [
        i
        for i, v in enumerate(variables)
        if len(v.shape) >= KERNEL_RANK and "embedding" not in v.path.lower()
    ]
    if not pick:
        return None
    weight, update = (
        np.asarray(record.series[f"sampled.{n}"], float)[:, pick] for n in ("weight_norm", "update_norm")
    )
    return Kernels(
        tuple(variables[i] for i in pick),
        np.asarray(record.series["sampled.step"]),
        np.asarray(record.series["sampled.steps"]),
        np.asarray(grad, float)[:, pick],
        weight,
        update,
    )
