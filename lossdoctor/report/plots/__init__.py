"""The plots of a report in reading order, each with a caption, and the one figure for notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from lossdoctor.report.content import Content
from lossdoctor.report.plots import captions, layer_plots, scale_plots, time_plots
from lossdoctor.report.plots.curves import Mark, marks
from lossdoctor.report.plots.style import (
    CSS,
    FONT,
    LIGHT,
    NARROW,
    WIDE,
    Palette,
    Plot,
    figure,
    matplotlib,
    settings,
    svg,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Mark", "all_plots", "marks", "overview"]

Draw = Callable[["Axes", Content, Palette], None]
LOW = (NARROW[0], 190)  # points: plots with little to show
ROW = 19  # points of height a named row


def overview(content: Content) -> Figure:
    """Returns a Figure with loss, learning rate and gradient norm one below the other.

    Raises:
        ImportError: matplotlib is not installed.
    """
    matplotlib()
    drawn = [draw for draw, there in _over_time(content) if there]
    with settings():
        sheet = _notebook_figure((680, 230), max(1, len(drawn)))
        for index, draw in enumerate(drawn, 1):
            draw(sheet.add_subplot(len(drawn), 1, index), content, LIGHT)
        list_of_marks = "\n".join(f"{mark.letter}  {mark.text}" for mark in marks(content))
        sheet.supxlabel(list_of_marks, x=0.02, ha="left", fontsize=FONT - 1, color=LIGHT.ink)
        if not drawn:
            sheet.text(0.5, 0.5, "nothing was measured", ha="center", color=LIGHT.muted)
        sheet.draw_without_rendering()  # now, under our settings: later the user's would apply
    return sheet


def _notebook_figure(size: tuple[int, int], rows: int) -> Figure:
    """A Figure that shows itself in a notebook, also when pyplot was never loaded."""
    import io

    from matplotlib.figure import Figure

    class Shown(Figure):  # type: ignore[misc]
        def _repr_png_(self) -> bytes:
            stream = io.BytesIO()
            with settings():
                self.savefig(stream, format="png", dpi=110)
            return stream.getvalue()

    return Shown(figsize=(size[0] / 72, rows * size[1] / 72), facecolor=LIGHT.paper, layout="constrained")


def _over_time(content: Content) -> list[tuple[Draw, bool]]:
    series = content.record.series
    return [
        (
            time_plots.draw_loss,
            any(len(series.get(k, ())) for k in ("batch_loss", "epoch.loss", "epoch.val_loss")),
        ),
        (time_plots.draw_rate, bool(len(time_plots.rates(content.record)[1]))),
        (time_plots.draw_gradient, bool(len(series.get("grad_norm", ())))),
    ]


def all_plots(content: Content) -> list[Plot]:
    """Returns every plot for which something was measured, in reading order.

    Raises:
        ImportError: matplotlib is not installed.
    """
    matplotlib()
    with settings():
        return list(_plots(content))


def _plots(content: Content) -> Iterator[Plot]:
    record = content.record
    loss, rate, gradient = (there for _, there in _over_time(content))
    if loss:
        yield _plot("Loss", captions.loss_caption(record), time_plots.draw_loss, content, NARROW, WIDE)
    if gradient:
        yield _plot("Gradient norm", captions.gradient_caption(record), time_plots.draw_gradient, content)
    if rate:
        yield _plot("Learning rate", captions.RATE, time_plots.draw_rate, content)
    if scale_plots.stability(record):
        yield _plot("Stability", captions.stability_caption(record), scale_plots.draw_stability, content, LOW)
    if time_plots.metrics(record):
        yield _plot("Metrics", captions.METRICS, time_plots.draw_metrics, content)
    yield from _layer_plots(content)
    ranges = scale_plots.ranges(record)
    if ranges:
        size = (NARROW[0], 90 + ROW * len(ranges))
        yield _plot("Scale of inputs and targets", captions.SCALES, scale_plots.draw_scales, content, size)


def _layer_plots(content: Content) -> Iterator[Plot]:
    found = layer_plots.layer_norms(content.record)
    if found is not None and np.isfinite(found.grad).any():
        size = (NARROW[0], min(300, max(160, 90 + ROW * len(found.names))))
        yield _plot("Gradient norm by layer", captions.HEAT, layer_plots.draw_heat, content, size)
    if found is not None and (np.isfinite(found.update) & (found.weight > 0)).any():
        yield _plot("Update size by layer", captions.RATIO, layer_plots.draw_ratio, content)
    units = layer_plots.activities(content.record)
    if units:
        size = (NARROW[0], 110 + ROW * len(units))
        yield _plot("Dead and saturated units", captions.UNITS, layer_plots.draw_units, content, size)


def _plot(
    title: str,
    caption: str,
    draw: Draw,
    content: Content,
    size: tuple[int, int] = NARROW,
    wide: tuple[int, int] | None = None,
) -> Plot:
    texts = []
    for form in (size, wide):
        if form is None:
            texts.append("")
            continue
        sheet = figure(form)
        draw(sheet.add_subplot(), content, CSS)
        texts.append(svg(sheet, f"{title}. {caption}"))
    return Plot(title, caption, *texts)
