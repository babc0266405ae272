"""Plots by layer: gradient heat map, update-to-weight ratio, dead and saturated units."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lossdoctor.record import Activity, Record
from lossdoctor.report.content import Content
from lossdoctor.report.plots.style import FONT, Palette, dress, legend, tick_names
from lossdoctor.report.wording import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.image import AxesImage

COLUMNS = 160  # samples shown side by side; a cell is then two pixels wide
TYPICAL = (1e-4, 1e-2)  # update over weight of runs that train well (Karpathy 2019 says "around 1e-3")
UNITS = 30  # layers with bars of dead units; the worst are chosen beyond


@dataclass(frozen=True)
class LayerNorms:
    """Norms by layer and sample, from those of its variables together.

    `names` [layers] in the order of the computation; `step` [samples]; `grad`, `weight`, `update`
    [samples, layers], NaN where it was not measured.
    """

    names: list[str]
    step: np.ndarray
    grad: np.ndarray
    weight: np.ndarray
    update: np.ndarray


def layer_norms(record: Record) -> LayerNorms | None:
    """Returns the norms by layer, None when none was sampled or the columns do not fit the variables."""
    sampled = record.series.get("sampled.step")
    owners = [v.layer for v in record.setup.variables]
    tables = [record.series.get(f"sampled.{kind}_norm") for kind in ("grad", "weight", "update")]
    if sampled is None or not len(sampled) or not owners:
        return None
    names = list(dict.fromkeys(owners))
    columns = [[i for i, owner in enumerate(owners) if owner == name] for name in names]
    shape = (len(sampled), len(owners))
    joined = [
        np.stack([np.sqrt(np.square(t[:, c]).sum(axis=1)) for c in columns], axis=1)
        if t is not None and t.shape == shape
        else np.full((len(sampled), len(names)), np.nan)
        for t in tables
    ]
    return LayerNorms(names, 1.0 + np.asarray(sampled, float), *joined)


def draw_heat(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws log10 of the gradient norm: one row a layer, one column a sample, input at the top."""
    found = layer_norms(content.record)
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
    positions, names = tick_names(found.names)
    axes.set_yticks(positions, names)
    _color_bar(axes, image, low, high, colors)


def _color_bar(axes: Axes, image: AxesImage, low: float, high: float, colors: Palette) -> None:
    """Puts the range of colours beside the heat map; `low` and `high` are log10 of the norm."""
    bar = axes.figure.colorbar(image, ax=axes, pad=0.02, aspect=30)
    ticks = [float(t) for t in np.linspace(low, high, 4)]
    bar.set_ticks(ticks, labels=[number(10.0**t, 1) for t in ticks])
    bar.ax.tick_params(colors=colors.muted, labelsize=FONT - 2, length=0)
    bar.outline.set_visible(False)


def _limits(cells: np.ma.MaskedArray) -> tuple[float, float]:
    """The range of colours, without the outermost two in a hundred, which would flatten the rest."""
    values = cells.compressed()
    if not len(values):
        return -1.0, 1.0
    low, high = np.percentile(values, (1, 99))
    return (low, high) if high - low > 0.5 else (low - 0.5, high + 0.5)


def draw_ratio(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws how far a step moves each layer's weights, as a share of their norm."""
    found = layer_norms(content.record)
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
    positions, names = tick_names(found.names)
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


def draw_units(axes: Axes, content: Content, colors: Palette) -> None:
    """Draws the share of dead and of saturated units, hollow before training, filled after."""
    found = activities(content.record)
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
    positions, shown = tick_names(names)
    axes.set_yticks(positions, shown)
    axes.set_ylim(len(names) - 0.4, -0.6)
    legend(axes, colors)
