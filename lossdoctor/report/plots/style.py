"""The style of every plot: two palettes (fixed colours, CSS variables), sizes, axes, and the way to SVG."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING, cast
from xml.sax.saxutils import quoteattr

from lossdoctor.report.wording import number, short_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.axis import Axis
    from matplotlib.figure import Figure

HINT = 'plots and HTML need matplotlib and jinja2: pip install "lossdoctor[report]"'

NARROW, WIDE = (440, 270), (940, 300)  # points; one point is one pixel of the SVG at its natural size
ROWS = 14  # names that fit beside a plot
FONT = 12  # points; 9.5 pixels on a phone of 390 pixels


@dataclass(frozen=True)
class Palette:
    """Colours by role. `first` to `third` are for data and differ for colour-blind people too."""

    paper: str
    ink: str
    muted: str
    grid: str
    first: str
    second: str
    third: str
    alarm: str


LIGHT = Palette("#ffffff", "#1c2430", "#5b6675", "#dfe4ea", "#1f6fb2", "#d9730d", "#2a8f6a", "#c62f3b")
# Colours that no plot uses by itself: `css` puts a CSS variable in place of each, so dark mode works.
CSS = Palette("none", "#010203", "#010204", "#010205", "#010206", "#010207", "#010208", "#010209")
VARIABLES = {getattr(CSS, name): f"var(--{name})" for name in Palette.__dataclass_fields__ if name != "paper"}


@dataclass(frozen=True)
class Plot:
    """A drawn plot: a heading, a caption that says what to see in it, and the SVG texts."""

    title: str
    caption: str
    svg: str
    wide: str = ""  # the same for wide screens


def matplotlib() -> ModuleType:
    """Returns matplotlib, loaded now.

    Raises:
        ImportError: it is not installed; the message says what to install.
    """
    try:
        import matplotlib
    except ImportError as error:
        raise ImportError(HINT) from error
    return matplotlib


@contextmanager
def settings() -> Iterator[None]:
    """Our settings of matplotlib, not the user's, while a plot is drawn or written."""
    with matplotlib().rc_context():
        matplotlib().rcdefaults()
        matplotlib().rcParams.update(
            {
                "svg.fonttype": "none",  # text stays text: small, searchable, in the page's own font
                "svg.hashsalt": "lossdoctor",  # the same report gives the same file
                "text.parse_math": False,  # a layer may be called $x$
                "font.size": FONT,
                "path.simplify_threshold": 0.5,
            }
        )
        yield


def figure(size: tuple[int, int]) -> Figure:
    """Returns a Figure without a window and without pyplot's memory of it."""
    from matplotlib.figure import Figure

    return Figure(figsize=(size[0] / 72, size[1] / 72), dpi=72, facecolor="none", layout="constrained")


def dress(axes: Axes, colors: Palette) -> None:
    """Gives axes our style: a light grid behind, no box, quiet ticks."""
    axes.set_facecolor("none")
    axes.set_axisbelow(True)
    axes.grid(True, color=colors.grid, linewidth=0.8)
    axes.tick_params(which="both", colors=colors.muted, labelsize=FONT - 1, length=0)
    for axis in (axes.xaxis, axes.yaxis):
        if axis.get_scale() in ("log", "symlog"):
            plain_ticks(axis)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(colors.grid)
    for label in (axes.xaxis.label, axes.yaxis.label):
        label.set_color(colors.muted)


def tick_names(names: list[str]) -> tuple[list[int], list[str]]:
    """Returns positions and names for an axis: all when they fit, else evenly chosen ones."""
    every = max(1, -(-len(names) // ROWS))
    chosen = list(range(0, len(names), every))
    return chosen, [short_name(names[i]) for i in chosen]


def legend(axes: Axes, colors: Palette) -> None:
    """A legend above the axes, off the data; two columns when there is no room for one row."""
    handles, _ = axes.get_legend_handles_labels()
    whole = cast("Figure", axes.figure)  # ours are never in a SubFigure
    wide = whole.get_size_inches()[0] * 72 > NARROW[0] or len(handles) < 4
    if len(handles) > 1:
        axes.legend(
            loc="lower left", bbox_to_anchor=(0, 1.0), ncols=4 if wide else 2, frameon=False,
            labelcolor=colors.ink, handlelength=1.4, columnspacing=1.2, borderaxespad=0.1, fontsize=FONT - 1,
        )  # fmt: skip


def plain_ticks(axis: Axis) -> None:
    """Labels an axis with numbers as we write them everywhere: 0.01, 1e6; not as powers in TeX."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    low, high = sorted(axis.get_view_interval())
    if axis.get_scale() == "log" and high < 100 * low:
        axis.set_major_locator(LogLocator(subs=(1, 2, 5)))  # else less than two labels would be left
    axis.set_major_formatter(FuncFormatter(lambda value, _: number(value, 2)))
    axis.set_minor_formatter(NullFormatter())


def svg(drawn: Figure, label: str) -> str:
    """Returns a figure as an inline SVG that scales with the page and takes its colours from it."""
    stream = io.StringIO()
    drawn.savefig(stream, format="svg", facecolor="none", metadata={"Date": None, "Creator": None})
    text = stream.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.S)
    head, body = text.split(">", 1)
    view = re.search(r'viewBox="[^"]*"', head)
    text = re.sub(r"<[^>]*>", _shorter, body)
    for color, variable in VARIABLES.items():
        text = text.replace(color, variable)
    space = 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink"'
    opening = f'<svg {space} {view.group() if view else ""} role="img" aria-label={quoteattr(label)}>'
    return opening + re.sub(r"\n\s*", "\n", text).strip()


def _shorter(tag: re.Match[str]) -> str:
    """Cuts needless digits of coordinates, half of the size of long curves; text between tags stays."""
    return re.sub(r"(\d+\.\d\d)\d+", r"\1", tag.group())
