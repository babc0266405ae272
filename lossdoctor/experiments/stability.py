"""Stability: which learning rate this model, loss and optimizer can bear on the captured sample."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.boundary import boundary, holder
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.curvature import Curvature, extremes
from lossdoctor.experiments.rows import finite_rows, order, take
from lossdoctor.experiments.stability_limits import ADAPTIVE, form_of, limit_of, preconditioner
from lossdoctor.experiments.subject import Subject
from lossdoctor.experiments.workbench import Variant, Workbench
from lossdoctor.record import Record
from lossdoctor.remedies import Action

BATCHES = 8  # batches whose squared gradients make the preconditioner: about what Adam averages over at first
FEW = 32  # rows at least: a curvature of fewer says little of the others
PRODUCTS, PRODUCT_OF_GRADIENT = (
    20,
    2.5,
)  # products that Lanczos usually makes, and what one costs in gradients
OVERHEAD = 0.03  # seconds of a gradient that go into calling TensorFlow, whatever the number of rows
SHARE = 0.2  # share of the time for all trials


def stability(
    subject: Subject, record: Record, clock: Clock, bench: Workbench | None = None
) -> dict[str, Any] | None:
    """Returns `Record.experiments["stability"]`: the strictest limit over the places measured, None without a rate.

    "limit" is the one of the curvature where short runs around it agree, else what they bore ("tried" says
    which); "predicted" is always that of the curvature. `bench` may hold traced copies already.

    Raises:
        ValueError: the model cannot be rebuilt, the curvature is not finite, or nothing limits this
        optimizer.
    """
    used = rate_used(record)
    rows = finite_rows(subject.sample)
    policy = getattr(getattr(subject.model, "dtype_policy", None), "name", "float32")
    # In half precision the products would be noise.
    actions = () if policy == "float32" else (Action("precision", {"policy": "float32"}),)
    bench = bench if bench is not None and not actions else Workbench(subject.model, subject.initial, rows)
    variant = bench.variant(actions)
    watch = Clock(min(SHARE * clock.seconds, clock.left))
    found: list[dict[str, Any]] = []
    for where, weights in places(subject):
        variant.model.set_weights(weights)
        try:
            found.append(
                measured(variant, rows, subject.batch_size or 32, max(watch.left, 0.0))
                | {"where": where, "weights": weights}
            )
        except ValueError:
            if not found:
                raise
    strictest = min(found, key=lambda place: place["limit"])
    weights = strictest.pop("weights")

    def at(rate: float) -> Variant:
        return bench.variant((*actions, Action("learning_rate", {"value": rate})))

    predicted = strictest["limit"]
    limit, tried = boundary(predicted, holder(at, weights, rows, watch), watch)
    return {"used": used, **strictest, "limit": limit, "predicted": predicted, "tried": tried}


def places(subject: Subject) -> list[tuple[str, list[np.ndarray]]]:
    """Returns (name, weights) of where to measure: the start, and the last good weights before a divergence.

    Not the end of a run that stayed finite: there the curvature settles near the limit of whatever rate was
    used (Cohen et al. 2021, the edge of stability), and that is no fault.
    """
    found = [("initial weights", subject.initial)]
    if subject.good is not None and subject.bad_batch is not None:
        found.append(("last weights before the divergence", subject.good))
    return found


def rate_used(record: Record) -> float | None:
    """Returns the highest learning rate of the run, None when it is not known."""
    rates = np.asarray(record.series.get("learning_rate", ()), float)
    rates = rates[np.isfinite(rates)]
    if rates.size:
        return float(rates.max())
    optimizer = record.setup.optimizer
    return optimizer.learning_rate if optimizer is not None else None


def measured(variant: Variant, rows: Sample, batch: int, seconds: float = math.inf) -> dict[str, Any]:
    """Returns {"limit", "curvature", "form"} at a variant's present weights.

    Raises:
        ValueError: the curvature is not finite, or no limit is known for the optimizer.
    """
    kind, config = variant.plan.settings.optimizer.__name__, variant.plan.settings.config
    limit_of(kind, config, 1.0)  # says at once when there is none for it
    rows = affordable(variant, rows, seconds)
    scale = _scale(variant, rows, batch) if kind in ADAPTIVE else None
    curvature = Curvature(variant, rows)

    def scaled(product: Any) -> Any:
        return product if scale is None else lambda v: product(v / scale) / scale

    low, high = extremes(scaled(curvature.hessian), curvature.size, seconds)
    form = form_of(kind, config)
    if -low > 2 * high:
        # The residual bends the loss down more than the outputs bend it up; it goes away as the model
        # learns, and what then limits the rate is the Gauss-Newton part.
        _, newton = extremes(scaled(curvature.gauss_newton), curvature.size, seconds)
        high, form = max(high, newton), f"{form}; Gauss-Newton form"
    return {"limit": limit_of(kind, config, high), "curvature": high, "form": form}


def affordable(variant: Variant, rows: Sample, seconds: float) -> Sample:
    """Returns so many of the rows as the time allows some PRODUCTS with the Hessian of.

    Raises:
        ValueError: not even FEW rows fit into the time.
    """
    few = take(rows, np.arange(min(FEW, rows.rows)))
    curvature = Curvature(variant, few)
    curvature.gradient()
    watch = Clock(math.inf)  # the first one also loads the kernels
    curvature.gradient()
    spent = watch.spent
    whole = PRODUCTS * PRODUCT_OF_GRADIENT * spent  # of FEW rows
    if spent < OVERHEAD or seconds > whole * rows.rows / few.rows:
        return rows
    if whole > 4 * seconds:
        raise ValueError(
            f"the curvature of {FEW} rows would take {whole:.1f} s: there is no time to measure it"
        )
    return take(rows, np.arange(max(few.rows, int(few.rows * seconds / whole))))


def _scale(variant: Variant, rows: Sample, batch: int) -> np.ndarray:
    """Returns the root of the preconditioner [weights], by which both sides of the Hessian are divided."""
    gradients = [
        Curvature(variant, take(rows, index)).gradient() for index in order(rows.rows, batch, BATCHES)
    ]
    squares = np.mean(np.square(gradients), 0)
    root = np.sqrt(preconditioner(squares, variant.plan.settings.config))
    return np.where(np.isfinite(root) & (root > 0), root, math.inf)
