"""Plots over the run's time: loss, metrics, learning rate and gradient norm, each mark at its step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from lossdoctor.record import Record
from lossdoctor.report.content import Content
from lossdoctor.report.plots.curves import (
    broken,
    by_batch,
    downsampled,
    early_alarm,
    epoch_ends,
    last_of_interest,
    marks,
    steps,
)
from lossdoctor.report.plots.style import FONT, Palette, dress, legend, plain_ticks
from lossdoctor.report.wording import clean

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LOG_FROM = 15.0  # largest over smallest from which a logarithmic axis shows more
METRICS = 4
LETTER = 12  # points of width a mark's letter takes, with its margin


def draw_loss(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws batch loss, epoch means and validation loss."""
    record, drawn = content.record, []
    if by_batch(record):
        loss = np.asarray(record.series["batch_loss"], float)
        x = steps(record, len(loss))
        axes.plot(*downsampled(x, loss), color=colors.first, linewidth=1, alpha=0.75, label="each batch")
        drawn.append(loss)
        shade(axes, x, loss, colors)
    drawn += _epoch_lines(axes, record, {"epoch.loss": "epoch mean", "epoch.val_loss": "validation"}, colors)
    scale(axes, drawn)
    _finish(axes, content, colors, "loss")


def draw_metrics(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws Keras's own metrics, the training one solid and the validation one dashed."""
    names = metrics(content.record)
    shades = (colors.first, colors.second, colors.third, colors.muted)
    for name, color in zip(names, shades, strict=False):
        for key, style in ((f"epoch.{name}", "-o"), (f"epoch.val_{name}", "--s")):
            values = content.record.series.get(key)
            if values is not None and len(values):
                x, y = downsampled(epoch_ends(content.record, len(values)), np.asarray(values, float))
                label = clean(key.removeprefix("epoch."))[:30]
                axes.plot(x, y, style, color=color, markersize=3.5, linewidth=1.4, label=label)
    _finish(axes, content, colors, "metric")


def metrics(record: Record) -> list[str]:
    """Returns the names of the epoch series that are no loss and no learning rate, at most METRICS."""
    names = [k.removeprefix("epoch.").removeprefix("val_") for k in record.series if k.startswith("epoch.")]
    return [n for n in dict.fromkeys(names) if n not in ("loss", "learning_rate")][:METRICS]


def draw_rate(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws the learning rate used and, when it was measured, the limit of stability."""
    x, rate = rates(content.record)
    axes.plot(*downsampled(x, rate), color=colors.first, linewidth=1.6, label="used", drawstyle="steps-mid")
    limit = content.record.experiments.get("stability", {}).get("limit")
    drawn = [rate]
    if limit and np.isfinite(limit):
        axes.axhline(limit, color=colors.alarm, linestyle="--", linewidth=1.2, label="stable below")
        drawn.append(np.array([limit]))
    scale(axes, drawn)
    if len(drawn) == 1 and np.nanmax(rate) == np.nanmin(rate):
        axes.set_ylim(0, 1.5 * rate[0] or 1.0)  # else matplotlib zooms into nothing
    _finish(axes, content, colors, "learning rate")


def rates(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Returns time axis and learning rate, by batch or else by epoch; empty when it is not known."""
    rate = np.asarray(record.series.get("learning_rate", ()), float)
    if len(rate) and np.isfinite(rate).any():
        return steps(record, len(rate)), rate
    rate = np.asarray(record.series.get("epoch.learning_rate", ()), float)
    return epoch_ends(record, len(rate)), rate


def draw_gradient(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws the global norm of the raw gradients."""
    norm = np.asarray(content.record.series["grad_norm"], float)
    x = steps(content.record, len(norm))
    axes.plot(*downsampled(x, norm), color=colors.third, linewidth=1, label="gradient norm")
    shade(axes, x, norm, colors)
    scale(axes, [norm])
    _finish(axes, content, colors, "gradient norm")


def _epoch_lines(axes: Axes, record: Record, labels: dict[str, str], colors: Palette) -> list[np.ndarray]:
    drawn = []
    for (key, label), style in zip(labels.items(), ("o-", "s--"), strict=True):
        values = np.asarray(record.series.get(key, ()), float)
        if not np.isfinite(values).any():
            continue
        x = epoch_ends(record, len(values))
        color = colors.ink if style == "o-" else colors.second
        size = 3.5 if len(values) <= 60 else 0
        axes.plot(*downsampled(x, values), style, color=color, markersize=size, linewidth=1.5, label=label)
        if not by_batch(record):
            shade(axes, x, values, colors)
        drawn.append(values)
    return drawn


def scale(axes: Axes, drawn: list[np.ndarray]) -> None:
    """Picks the axis that shows most: logarithmic for a wide range of positive values, symlog, or linear."""
    values = np.concatenate([d[np.isfinite(d)] for d in drawn]) if drawn else np.array([])
    sizes = np.abs(values[values != 0])
    if not len(sizes) or (sizes.max() < LOG_FROM * np.median(sizes) and sizes.max() < LOG_FROM * sizes.min()):
        return
    if (values > 0).all():
        axes.set_yscale("log")
        if values.max() < 1.01 * values.min():
            axes.set_ylim(values.min() / 10, values.max() * 10)
    elif sizes.max() >= 100 * LOG_FROM * np.median(sizes):
        axes.set_yscale("symlog", linthresh=float(np.median(sizes)))


def shade(axes: Axes, x: np.ndarray, y: np.ndarray, colors: Palette) -> None:
    """Shades where the values are NaN or infinite."""
    for index, (start, end) in enumerate(broken(x, y)):
        label = "NaN or infinite" if not index else None
        axes.axvspan(
            start, max(end, start + 0.004 * (x[-1] - x[0] + 1)), color=colors.alarm, alpha=0.13, lw=0
        )
        if label:
            axes.plot([], [], color=colors.alarm, alpha=0.3, linewidth=6, label=label)


def _finish(axes: Axes, content: Content, colors: Palette, what: str) -> None:
    dress(axes, colors)
    axes.set_ylabel(what)
    unit = "step" if by_batch(content.record) else "epoch"
    end = last_of_interest(content.record)
    if end is not None:
        axes.set_xlim(axes.get_xlim()[0] * end / max(axes.get_xlim()[1], 1.0), end)
        unit += " (nothing finite follows)"
    start = early_alarm(content)
    if end is None and start is not None:
        _stretch(axes, start)
    axes.set_xlabel(unit)
    _place_marks(axes, content, colors)
    legend(axes, colors)


def _stretch(axes: Axes, start: float) -> None:
    """Gives the first steps, where it happened, half of the axis: linear there, logarithmic beyond."""
    high = axes.get_xlim()[1]
    linear = 2 * start
    decades = np.log10(high / linear)
    axes.set_xscale("symlog", linthresh=linear, linscale=decades)
    ticks = [1, start, *(10.0**n for n in range(1, 9) if linear < 10.0**n < high), linear]
    axes.set_xticks(sorted(set(ticks)))
    axes.set_xlim(1 - 0.04 * linear, high)
    plain_ticks(axes.xaxis)


def _place_marks(axes: Axes, content: Content, colors: Palette) -> None:
    """A dotted line for each mark with its letter at the foot; letters that would touch share one label."""
    low, high = axes.get_xlim()
    across = axes.get_xaxis_transform()  # the axis may be stretched: distances are those on the paper
    room = LETTER * axes.figure.dpi / 72
    groups: list[tuple[float, str]] = []
    for mark in (m for m in marks(content) if low <= m.x <= high):
        color = colors.alarm if mark.alarming else colors.muted
        axes.axvline(mark.x, color=color, linewidth=0.9, linestyle=":")
        first, letters = groups[-1] if groups else (-np.inf, "")
        gap = across.transform((mark.x, 0))[0] - across.transform((first, 0))[0] if groups else np.inf
        if gap < room * (0.7 * len(letters) + 0.5):
            groups[-1] = (first, letters + mark.letter)
        else:
            groups.append((mark.x, mark.letter))
    for x, letters in groups:
        axes.annotate(
            letters, (x, 0), xycoords=("data", "axes fraction"), xytext=(2, 3), textcoords="offset points",
            color=colors.alarm, fontsize=FONT - 1, fontweight="bold", annotation_clip=True,
        )  # fmt: skip
    axes.set_xlim(low, high)
