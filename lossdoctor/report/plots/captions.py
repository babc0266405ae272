"""The caption of each plot: what to see in it, with this run's numbers where there are some."""

from __future__ import annotations

import numpy as np

from lossdoctor.record import Record
from lossdoctor.report.plots.curves import by_batch
from lossdoctor.report.plots.scale_plots import stability
from lossdoctor.report.wording import number

RATE = "The rate of each step; steps of backoff show as stairs, a schedule as a slope."
METRICS = "Metrics by epoch, training solid and validation dashed: a growing gap is overfitting."
SCALES = "Bars that differ by powers of ten or stand far from zero make the loss hard to descend: scale them."
HEAT = (
    "Colour is the size of the gradient, input layer at the top, grey where it is 0 or not finite: a fade "
    "from bottom to top is a vanishing gradient, a bright front is an explosion."
)
RATIO = (
    "How much one step changes a layer: far below the band it does not learn, far above it is thrown about."
)
UNITS = (
    "Units that are 0 for every row are dead, units in the flat part of their activation are saturated: many "
    "of them, and the layer passes no gradient."
)


def loss_caption(record: Record) -> str:
    """Returns what to see in the loss plot."""
    batches = by_batch(record)
    name = "batch_loss" if batches else "epoch.loss"
    values = np.asarray(record.series.get(name, record.series.get("epoch.val_loss", ())), float)
    good = values[np.isfinite(values)]
    what = "Thin: each batch; dots: epoch means; squares: validation" if batches else "Loss by epoch"
    if not len(good):
        return f"{what}. The loss was never a finite number."
    broke = " and was NaN or infinite where it is shaded" if len(good) < len(values) else ""
    return (
        f"{what}. The loss went from {number(good[0])} to {number(good[-1])}, lowest {number(good.min())}"
        f"{broke}; a healthy one falls and then flattens."
    )


def gradient_caption(record: Record) -> str:
    """Returns what to see in the plot of the gradient norm."""
    norm = np.asarray(record.series["grad_norm"], float)
    good = norm[np.isfinite(norm)]
    if not len(good):
        return "The gradient was never finite."
    return (
        f"The length of the whole gradient, from {number(good[0])} to {number(good[-1])}, highest "
        f"{number(good.max())}: powers of ten upward are an explosion, near 0 nothing is left to learn."
    )


def stability_caption(record: Record) -> str:
    """Returns what to see in the plot of the stability limit."""
    limit, used = stability(record) or (0.0, 0.0)
    side = "in the unstable part: each step overshoots" if used > limit else "in the stable part"
    return (
        f"The rate used ({number(used)}) lies {side}; the limit is {number(limit)}, measured on this model "
        "and its data."
    )
