"""Report to one HTML file that needs nothing else: no script, no font, no picture from anywhere."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import TYPE_CHECKING

from lossdoctor.report.content import Content
from lossdoctor.report.plots import all_plots, marks
from lossdoctor.report.plots.style import HINT
from lossdoctor.report.text import headline, tried
from lossdoctor.report.wording import clean, done, number, place, seconds, sentence, shorten

if TYPE_CHECKING:
    import jinja2

TEMPLATE = Path(__file__).with_name("template.html")
LONGEST = 1_000  # characters of one sentence; a layer's name may be a novel
LAYERS = 300  # rows of the layer table
ADDRESS = re.compile(r"https?://[^\s<>\"')]+")


def page(content: Content) -> str:
    """Returns the whole HTML page.

    Raises:
        ImportError: jinja2 or matplotlib is not installed; the message says what to install.
    """
    return _render(content, whole=True)


def fragment(content: Content) -> str:
    """Returns the report for a notebook's cell: the page's body with its style.

    Raises:
        ImportError: jinja2 or matplotlib is not installed; the message says what to install.
    """
    return _render(content, whole=False)


def preformatted(text: str, hint: str) -> str:
    """Returns plain text and a hint below it as HTML, for a notebook without the extra."""
    return f"<pre>{html.escape(text)}</pre><p>{html.escape(hint)}</p>"


def _render(content: Content, whole: bool) -> str:
    template = _template()
    from markupsafe import Markup  # jinja2 brings it

    rendered: str = template.render(
        whole=whole,
        report=content,
        record=content.record,
        headline=clean(headline(content)),
        facts=facts(content),
        plots=[(p, Markup(p.svg), Markup(p.wide)) for p in all_plots(content)],
        marks=marks(content),
        quiet=[d for d in content.diagnoses if d not in content.findings.loud],
        layers=content.record.setup.layers[:LAYERS],
        place=place,
        done=done,
        tried=tried,
    )
    return rendered


def _template() -> jinja2.Template:
    try:
        import jinja2
        from markupsafe import Markup
    except ImportError as error:
        raise ImportError(HINT) from error
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined
    )
    environment.filters.update(
        tidy=lambda t: sentence(shorten(clean(t), LONGEST)),
        name=lambda t: shorten(clean(t), 60),
        linked=lambda t: Markup(linked(t)),
        breakable=lambda t: Markup(html.escape(str(t)).replace("_", "_<wbr>")),
    )
    return environment.from_string(TEMPLATE.read_text(encoding="utf-8"))


def linked(reference: str) -> str:
    """Returns a reference as escaped HTML with its address as a link."""
    parts, at = [], 0
    for match in ADDRESS.finditer(reference):
        parts.append(html.escape(reference[at : match.start()]))
        address = html.escape(match.group())
        parts.append(f'<a href="{address}" rel="noopener noreferrer">{address}</a>')
        at = match.end()
    return "".join([*parts, html.escape(reference[at:])])


def facts(content: Content) -> list[tuple[str, str]]:
    """Returns the run's setup in a few words each: name and value."""
    record, setup = content.record, content.record.setup
    optimizer, losses = setup.optimizer, ", ".join(str(o.loss) for o in setup.outputs if o.loss)
    rate = (
        f", learning rate {number(optimizer.learning_rate)}" if optimizer and optimizer.learning_rate else ""
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
        ("Cost", ", ".join(f"{k} {seconds(v)}" for k, v in record.cost.items())),
    ]
    return [(name, shorten(clean(value), 120)) for name, value in found if value]
