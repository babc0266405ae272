"""Boundary: does training hold at the predicted limit? Very short runs around it, and the rate in between.

A curvature speaks for small steps. Cross-entropies grow only linearly, and large steps find flatter places
(the catapult of Lewkowycz et al. 2020, arXiv 2003.02218), so that such runs bear far more than the curvature
at the start says; others sharpen and bear less (Cohen et al. 2021).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.workbench import Variant

STRIDES = (1,) * 8 + (
    4,
) * 8  # full-batch steps between two evaluations of the loss: what overshoots does so at once
CLOSE = 1.5  # a boundary within this factor of the predicted limit confirms it
FARTHEST = 12  # doublings: a factor of 4096
RISEN = 1.2  # of the first loss: plain descent below the limit never rises; momentum may on its way


class OutOfTime(Exception):
    """The clock was over in the middle of a run."""


def boundary(predicted: float, holds: Callable[[float], bool], clock: Clock) -> tuple[float, bool]:
    """Returns (limit, whether it was found): `predicted` where it is right, else a measured one.

    Args:
        predicted: learning rate, from the curvature.
        holds: whether a short training stays below its start at a rate.
        clock: when it is over, the rate reached so far is given.

    Example:
        >>> limit, found = boundary(1.0, lambda rate: rate < 10.0, Clock(9.0))
        >>> 7.0 < limit < 14.0, found
        (True, True)
    """
    low, high = predicted / CLOSE, predicted * CLOSE
    try:
        if holds(high):
            return _walk(high, 2.0, lambda rate: not holds(rate), clock)
        if holds(low):
            return predicted, True
    except OutOfTime:
        return predicted, False
    return _walk(low, 0.5, holds, clock)


def _walk(rate: float, factor: float, over: Callable[[float], bool], clock: Clock) -> tuple[float, bool]:
    for _ in range(FARTHEST):
        if clock.left < 0:
            return rate, False
        beyond = rate * factor
        try:
            if over(beyond):
                return math.sqrt(rate * beyond), True
        except OutOfTime:
            return rate, False
        rate = beyond
    return rate, False


def holder(
    variant: Callable[[float], Variant], weights: list[np.ndarray], rows: Sample, clock: Clock
) -> Callable[[float], bool]:
    """Returns the test of a rate: a short training from `weights` on all rows at once.

    Args:
        variant: gives the copy of the model at a learning rate, at its start.
        weights: where to start from.
        rows: the batch.
        clock: when it is over, the test raises OutOfTime.
    """
    whole = np.tile(np.arange(rows.rows), (max(STRIDES), 1))

    def holds(rate: float) -> bool:
        copy = variant(rate)
        copy.model.set_weights(weights)
        copy.load(rows)
        start, losses = copy.evaluate(rows)[0], []
        for steps in STRIDES:
            if clock.left < 0:
                raise OutOfTime
            copy.train(whole[:steps])
            losses.append(copy.evaluate(rows)[0])
            if not math.isfinite(losses[-1]) or (not _inert(copy) and losses[-1] > RISEN * start):
                return False
        return bool(np.mean(losses[-3:]) <= start)

    return holds


def _inert(variant: Variant) -> bool:
    """Returns whether a momentum may carry the loss up on its way."""
    config: dict[str, Any] = variant.plan.settings.config
    return bool(config.get("momentum") or config.get("beta_1"))
