"""Plots of scale: the stability limit against the rate used, and the ranges of inputs and targets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lossdoctor.record import Array, Record
from lossdoctor.report.content import Content
from lossdoctor.report.plots.style import FONT, Palette, dress
from lossdoctor.report.wording import number, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes

FEATURES = 12  # of one array: those with the widest range
ARRAYS = 4


@dataclass(frozen=True)
class Range:
    """One feature or array: its name, lowest, highest and mean value."""

    name: str
    low: float
    high: float
    mean: float
    target: bool = False


def stability(record: Record) -> tuple[float, float] | None:
    """Returns the largest stable learning rate and the one used, None when it was not measured."""
    found = record.experiments.get("stability") or {}
    limit, used = found.get("limit"), found.get("used")
    if not limit or not used or not (np.isfinite(limit) and np.isfinite(used) and limit > 0 and used > 0):
        return None
    return float(limit), float(used)


def draw_stability(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws a line of learning rates: stable to the left of the limit, unstable to the right."""
    found = stability(content.record)
    assert found is not None
    limit, used = found
    low, high = min(limit, used) / 20, max(limit, used) * 20
    axes.axvspan(low, limit, color=colors.third, alpha=0.18, lw=0)
    axes.axvspan(limit, high, color=colors.alarm, alpha=0.13, lw=0)
    axes.axvline(limit, color=colors.alarm, linewidth=1.4, linestyle="--")
    axes.plot([used], [0.5], "D", color=colors.ink, markersize=9)
    _name_rates(axes, limit, used, colors)
    for x, text in ((low, "stable"), (high, "unstable")):
        axes.annotate(
            text, (x, 0.88), xytext=(6 if x == low else -6, 0), textcoords="offset points",
            ha="left" if x == low else "right", color=colors.muted,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_xlim(low, high)
    axes.set_ylim(0, 1)
    axes.set_xlabel("learning rate")
    dress(axes, colors)
    axes.set_yticks([])


def _name_rates(axes: Axes, limit: float, used: float, colors: Palette) -> None:
    """Writes the rate used above its point and the limit beside its line."""
    axes.annotate(
        f"used {number(used)}", (used, 0.5), xytext=(0, 12), textcoords="offset points", ha="center",
        color=colors.ink, fontweight="bold",
    )  # fmt: skip
    axes.annotate(
        f"limit {number(limit)}", (limit, 0.06), xytext=(6 if used < limit else -6, 0),
        textcoords="offset points", ha="left" if used < limit else "right", color=colors.alarm,
    )  # fmt: skip


def ranges(record: Record) -> list[Range]:
    """Returns the widest features of each input and the targets, as ranges."""
    found: list[Range] = []
    for array in record.data.inputs[:ARRAYS]:
        found += _features(array)
    found += [Range(f"target {a.name}", a.low, a.high, a.mean, True) for a in record.data.targets[:ARRAYS]]
    return [r for r in found if np.isfinite((r.low, r.high, r.mean)).all()]


def _features(array: Array) -> list[Range]:
    features = array.features
    if features is None or len(features.low) < 2:
        return [Range(array.name, array.low, array.high, array.mean)]
    reach = np.nan_to_num(np.maximum(np.abs(features.low), np.abs(features.high)))
    order = np.argsort(-reach, kind="stable")
    if len(order) > FEATURES:  # the widest, and for comparison the narrowest
        order = np.concatenate([order[: FEATURES - 3], order[-3:]])
    return [
        Range(f"{array.name}[{i}]", float(features.low[i]), float(features.high[i]), float(features.mean[i]))
        for i in order
    ]


def draw_scales(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws a bar from lowest to highest value for each feature, the mean as a dot."""
    found = ranges(content.record)
    for row, item in enumerate(found):
        color = colors.second if item.target else colors.first
        axes.plot(
            [item.low, item.high], [row, row], color=color, linewidth=5, alpha=0.45, solid_capstyle="butt"
        )
        axes.plot([item.mean], [row], "o", color=color, markersize=5)
    extremes = np.abs([v for r in found for v in (r.low, r.high)])
    if extremes.max() > 20:
        axes.set_xscale("symlog", linthresh=1.0)
    dress(axes, colors)
    axes.set_yticks(range(len(found)), [short_name(r.name) for r in found], fontsize=FONT - 1)
    axes.set_ylim(len(found) - 0.4, -0.6)
    axes.set_xlabel("value: lowest to highest, dot at the mean")
    low, high = axes.get_xlim()
    ticks = [t for t in axes.get_xticks() if low <= t <= high]
    axes.set_xticks(ticks[:: max(1, -(-len(ticks) // 6))])
    axes.set_xlim(low, high)
