"""Report to one HTML file that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lossdoctor.report import format, text
from lossdoctor.report.plots.style import HINT

if TYPE_CHECKING:
    from lossdoctor.report.report import Report

TEMPLATE = Path(__file__).with_name("template.html")
LONGEST = 1_000  # characters of one sentence; a layer's name may be a novel
LAYERS = 300  # rows of the layer table
ADDRESS = re.compile(r"https?://[^\s<>\"')]+")


def page(report: Report) -> str:
    """Returns the whole HTML page.

    Raises:
        ImportError: jinja2 or matplotlib is not installed; the message says what to install.
    """
    return _render(report, whole=True)


def fragment(report: Report) -> str:
    """Returns the report for a notebook's cell; the plain text with a hint when the extra is missing."""
    try:
        return _render(report, whole=False)
    except ImportError as error:
        plain = html.escape(report.to_text(full=True))
        return f"<pre>{plain}</pre><p>{html.escape(str(error))}</p>"


def _render(report: Report, whole: bool) -> str:
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError as error:
        raise ImportError(HINT) from error
    from lossdoctor.report import plots

    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update(
        number=format.number,
        seconds=format.seconds,
        tidy=lambda t: format.sentence(format.shorten(format.clean(t), LONGEST)),
        name=lambda t: format.shorten(format.clean(t), 60),
        linked=lambda t: Markup(linked(t)),
        breakable=lambda t: Markup(html.escape(str(t)).replace("_", "_<wbr>")),
    )
    rendered: str = environment.from_string(TEMPLATE.read_text(encoding="utf-8")).render(
        whole=whole,
        report=report,
        record=report.record,
        headline=format.clean(text.headline(report)),
        facts=facts(report),
        plots=[(p, Markup(p.svg), Markup(p.wide)) for p in plots.plots(report)],
        marks=plots.marks(report),
        quiet=[d for d in report.diagnoses if d not in report.findings.loud],
        layers=report.record.setup.layers[:LAYERS],
        place=format.place,
        done=format.done,
    )
    return rendered


def linked(reference: str) -> str:
    """Returns a reference as escaped HTML with its address as a link."""
    parts, at = [], 0
    for match in ADDRESS.finditer(reference):
        parts.append(html.escape(reference[at : match.start()]))
        address = html.escape(match.group())
        parts.append(f'<a href="{address}" rel="noopener noreferrer">{address}</a>')
        at = match.end()
    return "".join([*parts, html.escape(reference[at:])])


def facts(report: Report) -> list[tuple[str, Any]]:
    """Returns the run's setup in a few words each: name and value."""
    record, setup = report.record, report.record.setup
    optimizer, losses = setup.optimizer, ", ".join(str(o.loss) for o in setup.outputs if o.loss)
    rate = (
        f", learning rate {format.number(optimizer.learning_rate)}"
        if optimizer and optimizer.learning_rate
        else ""
    )
    epochs = max((len(v) for k, v in record.series.items() if k.startswith("epoch.")), default=0)
    steps = record.series.get("step")
    found = [
        ("Model", f"{setup.model_kind}, {setup.parameters:,} parameters" if setup.model_kind else ""),
        ("Optimizer", f"{optimizer.kind}{rate}" if optimizer else ""),
        ("Loss", losses),
        ("Epochs", f"{epochs}" + (f" of {setup.epochs}" if setup.epochs else "") if epochs else ""),
        ("Steps", f"{int(steps[-1]) + 1:,}" if steps is not None and len(steps) else ""),
        ("Batch size", setup.batch_size or ""),
        ("Ended", record.stopped if record.source == "fit" else ""),
        ("Keras", f"{setup.keras} on {setup.backend}" if setup.keras else ""),
        ("Read from", record.source if record.source != "fit" else ""),
        ("Cost", ", ".join(f"{k} {format.seconds(v)}" for k, v in record.cost.items())),
    ]
    return [(name, format.shorten(format.clean(value), 120)) for name, value in found if value]
