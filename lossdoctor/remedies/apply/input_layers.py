"""Actions on an input: a Normalization layer in front, with the mean and variance it is given."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from lossdoctor.remedies.apply.plan import Plan


def normalize_inputs(
    plan: Plan,
    *,
    mean: float | list[float] | None = None,
    variance: float | list[float] | None = None,
    input: int = 0,
) -> None:
    """Puts a Normalization layer behind input number `input`.

    Args:
        plan: the plan to write into.
        mean: one number, or one for each feature (last axis); None reads both off the sample.
        variance: as `mean`. A variance of 0 counts as 1: a constant feature is only shifted.
        input: the number of the input, in the order of `model.inputs`.

    Raises:
        ValueError: no numbers and no sample, or their count is not that of the features.
    """
    if mean is None or variance is None:
        mean, variance = mean_and_variance(plan, input)
    middle, spread = np.asarray(mean, float), np.asarray(variance, float)
    spread = np.where(np.isfinite(spread) & (spread > 0), spread, 1.0)
    shape = tuple(plan.model.inputs[input].shape) if plan.graph.opened else (None, *middle.shape)
    if middle.ndim and middle.shape[-1] != shape[-1]:
        raise ValueError(
            f"{middle.shape[-1]} means for an input of shape {shape}: pass one a feature, or one"
        )
    axis = -1 if middle.ndim else None
    plan.at_input.setdefault(input, []).append(
        lambda: keras.layers.Normalization(axis=axis, mean=middle.tolist(), variance=spread.tolist())
    )


def mean_and_variance(plan: Plan, number: int) -> tuple[Any, Any]:
    """Returns mean and variance of an input in the sample: a feature each for tables, one for all else.

    The pixels of a picture, or the steps of a series, are one kind of number and keep their relations.

    Raises:
        ValueError: there is no sample.
    """
    if plan.sample is None:
        raise ValueError("normalize_inputs needs mean and variance, or a sample to read them off")
    rows = np.asarray(keras.tree.flatten(plan.sample.x)[number], float)
    rows = np.where(np.isfinite(rows), rows, np.nan)
    if rows.ndim == 2:
        return np.nan_to_num(np.nanmean(rows, 0)).tolist(), np.nan_to_num(
            np.nanvar(rows, 0), nan=1.0
        ).tolist()
    return float(np.nanmean(rows)), float(np.nanvar(rows))
