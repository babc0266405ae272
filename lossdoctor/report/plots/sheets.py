"""Which plots a report has, in reading order, and the one figure for notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from lossdoctor.report.plots import curves, layer_plots, scales, time, words
from lossdoctor.report.plots.curves import marks
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
    from lossdoctor.report.report import Report

Draw = Callable[[Any, "Report", Palette], None]
LOW = (NARROW[0], 190)  # points: plots with little to show
ROW = 19  # points of height a named row


def overview(report: Report) -> Any:
    """Returns a Figure with loss, learning rate and gradient norm one below the other.

    Raises:
        ImportError: matplotlib is not installed.
    """
    matplotlib()
    drawn = [draw for draw, there in _over_time(report) if there]
    with settings():
        sheet = _notebook_figure((680, 230), max(1, len(drawn)))
        for index, draw in enumerate(drawn, 1):
            draw(sheet.add_subplot(len(drawn), 1, index), report, LIGHT)
        told = "\n".join(f"{mark.letter}  {mark.text}" for mark in marks(report))
        sheet.supxlabel(told, x=0.02, ha="left", fontsize=FONT - 1, color=LIGHT.ink)
        if not drawn:
            sheet.text(0.5, 0.5, "nothing was measured", ha="center", color=LIGHT.muted)
        sheet.draw_without_rendering()  # now, under our settings: later the user's would apply
    return sheet


def _notebook_figure(size: tuple[int, int], rows: int) -> Any:
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


def _over_time(report: Report) -> list[tuple[Draw, bool]]:
    series = report.record.series
    return [
        (time.draw_loss, any(len(series.get(k, ())) for k in ("batch_loss", "epoch.loss", "epoch.val_loss"))),
        (time.draw_rate, bool(len(time.rates(report.record)[1]))),
        (time.draw_gradient, bool(len(series.get("grad_norm", ())))),
    ]


def plots(report: Report) -> list[Plot]:
    """Returns every plot for which something was measured, in reading order.

    Raises:
        ImportError: matplotlib is not installed.
    """
    matplotlib()
    with settings():
        return list(_plots(report))


def _plots(report: Report) -> Iterator[Plot]:
    record = report.record
    loss, rate, gradient = (there for _, there in _over_time(report))
    if loss:
        yield _plot("Loss", words.loss(record), time.draw_loss, report, NARROW, WIDE)
    if gradient:
        yield _plot("Gradient norm", words.gradient(record), time.draw_gradient, report)
    if rate:
        yield _plot("Learning rate", words.RATE, time.draw_rate, report)
    if scales.stability(record):
        yield _plot("Stability", words.stability(record), scales.draw_stability, report, LOW)
    if time.metrics(record):
        yield _plot("Metrics", words.METRICS, time.draw_metrics, report)
    yield from _layer_plots(report)
    ranges = scales.ranges(record)
    if ranges:
        size = (NARROW[0], 90 + ROW * len(ranges))
        yield _plot("Scale of inputs and targets", words.SCALES, scales.draw_scales, report, size)


def _layer_plots(report: Report) -> Iterator[Plot]:
    found = curves.layers(report.record)
    if found is not None and np.isfinite(found.grad).any():
        size = (NARROW[0], min(300, max(160, 90 + ROW * len(found.names))))
        yield _plot("Gradient norm by layer", words.HEAT, layer_plots.draw_heat, report, size)
    if found is not None and (np.isfinite(found.update) & (found.weight > 0)).any():
        yield _plot("Update size by layer", words.RATIO, layer_plots.draw_ratio, report)
    units = layer_plots.activities(report.record)
    if units:
        size = (NARROW[0], 110 + ROW * len(units))
        yield _plot("Dead and saturated units", words.UNITS, layer_plots.draw_units, report, size)


def _plot(
    title: str,
    sentence: str,
    draw: Draw,
    report: Report,
    size: tuple[int, int] = NARROW,
    wide: tuple[int, int] | None = None,
) -> Plot:
    texts = []
    for form in (size, wide):
        if form is None:
            texts.append("")
            continue
        sheet = figure(form)
        draw(sheet.add_subplot(), report, CSS)
        texts.append(svg(sheet, f"{title}. {sentence}"))
    return Plot(title, sentence, *texts)
