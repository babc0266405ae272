"""Plots by layer: gradient heat map, update-to-weight ratio, dead and saturated units."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from lossdoctor.record import Activity, Record
from lossdoctor.report.format import number
from lossdoctor.report.plots import curves
from lossdoctor.report.plots.style import FONT, Palette, dress, legend

if TYPE_CHECKING:
    from lossdoctor.report.report import Report

COLUMNS = 160  # looks shown side by side; a cell is then two pixels wide
TYPICAL = (1e-4, 1e-2)  # update over weight of runs that train well (Karpathy 2019 says "around 1e-3")
UNITS = 30  # layers with bars of dead units; the worst are chosen beyond


def draw_heat(axes: Any, report: Report, colors: Palette) -> None:
    """Draws log10 of the gradient norm: one row a layer, one column a look, input at the top."""
    found = curves.layers(report.record)
    assert found is not None
    chosen = np.linspace(0, len(found.step) - 1, min(len(found.step), COLUMNS)).astype(int)
    table = found.grad[chosen].T
    with np.errstate(divide="ignore", invalid="ignore"):
        logs = np.where(np.isfinite(table) & (table > 0), np.log10(table), np.nan)
    cells = np.ma.masked_invalid(logs)
    from matplotlib import colormaps

    colormap = colormaps["viridis"].with_extremes(bad="#8a8f98")
    low, high = _limits(cells)
    image = axes.imshow(
        cells, aspect="auto", interpolation="none", cmap=colormap, vmin=low, vmax=high,
        extent=(found.step[0] - 0.5, found.step[-1] + 0.5, len(found.names) - 0.5, -0.5),
    )  # fmt: skip
    dress(axes, colors)
    axes.grid(False)
    axes.set_xlabel("step")
    positions, names = curves.labelled(found.names)
    axes.set_yticks(positions, names)
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, aspect=30)
    ticks = np.linspace(low, high, 4)
    bar.set_ticks(ticks, labels=[number(10.0**t, 1) for t in ticks])
    bar.ax.tick_params(colors=colors.muted, labelsize=FONT - 2, length=0)
    bar.outline.set_visible(False)


def _limits(cells: Any) -> tuple[float, float]:
    """The range of colours, without the outermost two in a hundred, which would flatten the rest."""
    values = cells.compressed()
    if not len(values):
        return -1.0, 1.0
    low, high = np.percentile(values, (1, 99))
    return (low, high) if high - low > 0.5 else (low - 0.5, high + 0.5)


def draw_ratio(axes: Any, report: Report, colors: Palette) -> None:
    """Draws how far a step moves each layer's weights, as a share of their norm."""
    found = curves.layers(report.record)
    assert found is not None
    with np.errstate(divide="ignore", invalid="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # layers that were never seen moving
        ratio = found.update / found.weight
        ratio[~np.isfinite(ratio) | (ratio <= 0)] = np.nan
        low, middle, high = (f(ratio, axis=0) for f in (np.nanmin, np.nanmedian, np.nanmax))
    x = np.arange(len(found.names))
    axes.axhspan(*TYPICAL, color=colors.third, alpha=0.12, lw=0, label="usual")
    size = 5 if len(x) <= 40 else 2
    axes.vlines(x, low, high, color=colors.first, alpha=0.35, linewidth=size, label="lowest to highest")
    axes.plot(x, middle, "o", color=colors.first, markersize=size, label="median of the run")
    axes.set_yscale("log")
    axes.set_ylabel("update / weight")
    dress(axes, colors)
    positions, names = curves.labelled(found.names)
    axes.set_xticks(
        positions, names, rotation=45 if len(names) > 3 else 0, ha="right" if len(names) > 3 else "center"
    )
    legend(axes, colors)


def activities(record: Record) -> dict[str, dict[str, Activity]]:
    """Returns layer -> "initial"/"final" -> Activity, without the output, worst UNITS in their order."""
    found: dict[str, dict[str, Activity]] = {}
    for activity in record.activity:
        if not activity.output:
            found.setdefault(activity.layer, {})[activity.when] = activity
    if len(found) <= UNITS:
        return found
    worst = sorted(found, key=lambda n: -max(max(a.dead, a.saturated) for a in found[n].values()))[:UNITS]
    return {name: found[name] for name in found if name in worst}


def draw_units(axes: Any, report: Report, colors: Palette) -> None:
    """Draws the share of dead and of saturated units, hollow before training, filled after."""
    found = activities(report.record)
    names = list(found)
    kinds = (("dead", "o", colors.alarm, -0.14), ("saturated", "s", colors.second, 0.14))
    for kind, marker, color, shift in kinds:
        for when, face in (("initial", "none"), ("final", color)):
            rows = [i for i, name in enumerate(names) if when in found[name]]
            shares = [100 * getattr(found[names[i]][when], kind) for i in rows]
            label = f"{kind}, {'before' if when == 'initial' else 'after'}"
            axes.plot(
                shares, [i + shift for i in rows], marker, color=color, markerfacecolor=face, label=label,
                markersize=6, clip_on=False,
            )  # fmt: skip
    axes.set_xlim(-4, 104)
    axes.set_xticks(range(0, 101, 20))
    axes.set_xlabel("percent of units")
    dress(axes, colors)
    positions, shown = curves.labelled(names)
    axes.set_yticks(positions, shown)
    axes.set_ylim(len(names) - 0.4, -0.6)
    legend(axes, colors)
