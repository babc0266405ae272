"""The HTML report: one safe, small file that shows what was found."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pytest
from report_factory import make_findings, make_record

from lossdoctor.diagnosis import Findings
from lossdoctor.record import Event, Record
from lossdoctor.report import Report

EVIL = "</title><script>alert('x')</script><img src=x onerror=alert(1)>$\\frac{x}$"
VOID = {"meta", "img", "br", "hr", "input", "link", "wbr"}


class Page(HTMLParser):
    """Collects tags, attributes and text, and checks that every tag is closed where it should be."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.attributes, self.words, self.open = [], [], [], []
        self.feed(text)
        assert not self.open, f"not closed: {self.open}"

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag):
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())


def test_verdict_and_causes_come_before_the_plots(sick):
    """People read from the top: verdict, causes with change and check, then what was measured."""
    text = Page(sick.to_html()).text
    order = [
        "UNHEALTHY. The loss became NaN at epoch 1, step 7",
        "1. Learning rate too high",
        "curvature 812",
        "optimizer=keras.optimizers.SGD(learning_rate=0.001)",
        "replayed 50 steps from the initial weights: loss 4.1 -> 0.7",
        "2. Unscaled features",
        "What was measured",
        "Exploding gradients (LD204, confidence 0.40)",
        "labels, output layer, initialisation",
        "validation (no validation data)",
    ]
    places = [text.find(part) for part in order]
    assert -1 not in places, order[places.index(-1)]
    assert places == sorted(places)


def test_the_file_needs_nothing_from_elsewhere(sick):
    """No script, font, picture or style from another address; only links that a person may click."""
    page = Page(sick.to_html())
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & set(page.tags)
    for tag, name, value in page.attributes:
        assert not name.startswith("on"), (tag, name)
        if name in ("src", "href", "xlink:href", "action", "data"):
            assert value.startswith(("data:image/png;base64,", "#")) or tag == "a", (tag, name, value[:60])
    styles = re.findall(r"<style[^>]*>(.*?)</style>", sick.to_html(), re.S)
    assert not any(re.search(r"@import|url\((?!#)", style) for style in styles)
    assert "default-src 'none'" in sick.to_html()


def evil_report():
    """A report in which everything that comes from the model, the data or a cause is hostile."""
    record = make_record(name=EVIL)
    output = replace(record.setup.outputs[0], loss=EVIL)
    array = replace(record.data.inputs[0], name=EVIL)
    target = replace(record.data.targets[0], name=EVIL)
    record = replace(
        record,
        setup=replace(record.setup, outputs=(output,), model_kind=EVIL, keras=EVIL),
        data=replace(record.data, inputs=(array,), targets=(target,)),
        series={**record.series, f"epoch.{EVIL}": np.array([1.0, 2.0])},
        events=(Event("rollback", EVIL, 3, 0), Event("left-out", EVIL)),
        stopped=EVIL,
        cost={EVIL: 1.0},
    )
    findings = make_findings()
    remedy = replace(findings.diagnoses[0].remedies[0], summary=EVIL, code=EVIL, verified=EVIL)
    bad = replace(
        findings.diagnoses[0],
        title=EVIL, cause=EVIL, code=EVIL, evidence=(EVIL,), against=(EVIL,), remedies=(remedy, remedy),
        references=(EVIL, f"http://evil.example/{EVIL}"),
    )  # fmt: skip
    symptom = replace(findings.symptoms[0], text=EVIL, name=EVIL, where=EVIL)
    quiet = replace(bad, severity="info")
    return Report(
        record,
        replace(
            findings,
            verdict=EVIL,
            diagnoses=(bad, quiet),
            symptoms=(symptom,),
            checked=(EVIL,),
            unchecked=(EVIL,),
        ),
    )


def test_everything_from_model_and_data_is_escaped():
    """A layer named <script> is shown as such, in the text, in the plots and in the attributes."""
    html = evil_report().to_html()
    page = Page(html)
    assert "script" not in page.tags
    assert not [a for a in page.attributes if a[1].startswith("on")]
    assert not [a for a in page.attributes if a[0] == "img"]
    assert html.count("&lt;script&gt;") >= 15
    assert page.tags.count("title") == 1
    assert all(value.startswith("http://evil.example/") for _, n, value in page.attributes if n == "href")


def test_the_notebook_view_is_escaped_and_brings_no_page(sick):
    """_repr_html_ is a piece of a page that does not touch the notebook around it."""
    html = sick._repr_html_()
    page = Page(html)
    assert not {"html", "head", "body", "title", "script"} & set(page.tags)
    rules = re.findall(r"^\s*([^{}@\n]+)\{", re.search(r"<style>(.*?)</style>", html, re.S).group(1), re.M)
    assert rules
    assert all(".lossdoctor" in rule for rule in rules), rules


def test_every_plot_says_what_to_see(sick):
    """Each figure has a heading, one caption and a label for those who do not see it."""
    html = sick.to_html()
    figures = re.findall(r"<figure.*?</figure>", html, re.S)
    titles = [re.search(r"<h3>(.*?)</h3>", f).group(1) for f in figures]
    assert titles == [
        "Loss", "Gradient norm", "Learning rate", "Stability", "Gradient norm by layer",
        "Update size by layer", "Dead and saturated units", "Scale of inputs and targets",
    ]  # fmt: skip
    for figure in figures:
        caption = re.search(r"<figcaption>(.*?)</figcaption>", figure, re.S).group(1)
        assert len(caption) > 30
        assert caption.rstrip().endswith(".")
        assert 'role="img" aria-label=' in figure


def test_every_symptom_and_action_is_marked_where_it_happened(sick):
    """The letters on the loss plot are those of the list below it, in order of time."""
    cut = Event("backoff", "learning rate to 0.05", 5, 0)
    report = Report(replace(sick.record, events=(*sick.record.events, cut)), sick.findings)
    from lossdoctor.report.plots import marks

    assert [(m.letter, m.x) for m in marks(report)] == [("A", 1.0), ("B", 4.0), ("C", 6.0), ("D", 7.0)]
    loss = re.search(r"<figure.*?</figure>", report.to_html(), re.S).group()
    for mark in marks(report):
        assert f"<b>{mark.letter}</b>{mark.text}" in loss
        assert re.search(rf"<text[^>]*>{mark.letter}</text>", loss)
    assert "Cut the learning rate at epoch 1, step 6: learning rate to 0.05." in loss


def test_the_numbers_in_the_captions_are_the_runs_own(sick):
    """The stability plot names the limit and the rate, the loss plot its first and last finite value."""
    text = Page(sick.to_html()).text
    assert "The rate used (0.1) lies in the unstable part: each step overshoots; the limit is 0.00246" in text
    loss = sick.record.series["batch_loss"]
    assert f"The loss went from 4.1 to {loss[5] / 1e5:.2f}e5" in text
    assert "limit 0.00246</text>" in sick.to_html()


def test_dark_mode_phone_and_print_are_provided_for(sick):
    """Every colour of the plots is a variable that dark mode and print set anew."""
    html = sick.to_html()
    for needed in ("prefers-color-scheme: dark", "max-width: 760px", "@media print", 'name="viewport"'):
        assert needed in html
    plots = "".join(re.findall(r"<svg.*?</svg>", html, re.S))
    assert "var(--first)" in plots
    colours = set(re.findall(r"(?:stroke|fill): (#[0-9a-f]{6})", plots))
    assert colours <= {"#ffffff", "#000000", "#262626"}, colours


@pytest.mark.parametrize("diverge_at", [None, 60_000])
def test_long_runs_of_big_models_stay_under_a_megabyte(diverge_at):
    """100,000 steps and 200 layers: the size that a person can still mail."""
    record = make_record(100_000, 200, diverge_at=diverge_at)
    html = Report(record, make_findings()).to_html()
    assert len(html.encode()) < 1_000_000, len(html)
    assert "Gradient norm by layer" in html


def test_thinning_keeps_the_one_spike_and_the_one_nan():
    """A single bad batch in 100,000 is still to be seen."""
    from lossdoctor.report.plots.curves import broken, downsampled

    y = np.ones(100_000)
    y[54_321], y[77_777] = 900.0, np.nan
    x, curve = downsampled(np.arange(100_000.0), y)
    assert len(x) <= 800
    assert np.nanmax(curve) == 900.0
    assert x[np.nanargmax(curve)] == 54_321
    assert broken(np.arange(100_000.0), y) == [(77_777.0, 77_777.0)]


@pytest.mark.parametrize(
    "series",
    [
        {},
        {"epoch.loss": np.array([np.nan])},
        {"epoch.loss": np.array([0.0, 0.0])},
        {"epoch.val_loss": np.array([1.0, -5.0, 1e30])},
        {"epoch.loss": np.array([np.inf, -np.inf, np.nan])},
        {"batch_loss": np.array([3.0])},
        {"batch_loss": np.full(5, np.nan), "grad_norm": np.full(5, np.nan), "learning_rate": np.zeros(5)},
        {"batch_loss": np.array([1e38, 3e38, np.inf]), "step": np.array([0, 1, 2])},
        {"grad_norm": np.array([])},
        {
            "epoch.loss": np.array([1.0, 2.0]),
            "epoch.accuracy": np.array([0.1, np.nan]),
            "learning_rate": np.array([]),
        },
        {
            "batch_loss": np.arange(4.0),
            "step": np.arange(3),
            "sampled.step": np.array([0]),
            "epoch": np.arange(9),
        },
    ],
    ids=str,
)
def test_any_record_can_be_drawn(series):
    """Empty, constant, never finite, huge, misfitting: a report is drawn, with the verdict in it."""
    report = Report(Record(series=series), Findings("unhealthy", "Something was odd."))
    assert "UNHEALTHY. Something was odd." in Page(report.to_html()).text
    assert report.plot().axes is not None
    assert report.to_text()


def test_a_run_that_breaks_at_its_start_shows_its_start(sick):
    """When all happened within the first steps of a long run, these get half of the time axis."""
    loss = np.where(np.arange(3000) < 12, 4.0 ** np.arange(3000).clip(max=12), 1e4)
    record = replace(sick.record, series={"step": np.arange(3000), "batch_loss": loss})
    axes = Report(record, sick.findings).plot().axes[0]
    width = np.diff(axes.transAxes.transform([(0, 0), (1, 0)])[:, 0])[0]
    left = axes.transAxes.transform((0, 0))[0]
    shown = (axes.get_xaxis_transform().transform((14, 0))[0] - left) / width
    assert 0.3 < shown < 0.7
    calm, record = replace(sick.findings, symptoms=()), replace(record, events=())
    assert Report(record, calm).plot().axes[0].get_xscale() == "linear"


def test_logs_alone_are_drawn_by_epoch():
    """Without batches the time axis counts epochs and the metrics have their plot."""
    logs = {"epoch.loss": [3.0, 2.0], "epoch.val_loss": [3.1, 2.2], "epoch.accuracy": [0.1, 0.5]}
    report = Report(Record(series={k: np.array(v) for k, v in logs.items()}), Findings("healthy", "Fine."))
    html = report.to_html()
    assert re.search(r"<text[^>]*>epoch</text>", html)
    assert "Metrics by epoch" in html


def test_plot_gives_a_figure_that_shows_itself(sick):
    """plot() returns a matplotlib Figure with loss, rate and gradient, and leaves pyplot alone."""
    from matplotlib.figure import Figure

    figure = sick.plot()
    assert isinstance(figure, Figure)
    assert [axes.get_ylabel() for axes in figure.axes] == ["loss", "learning rate", "gradient norm"]
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert "A  The first loss is 3.7 times ln(3)" in figure._supxlabel.get_text()


def test_the_users_matplotlib_settings_are_left_as_they_were(sick):
    """Drawing a report changes no rcParams, and theirs do not change the report."""
    import matplotlib

    before = sick.to_html()
    with matplotlib.rc_context({"axes.facecolor": "#123456", "font.size": 30, "text.usetex": False}):
        theirs = dict(matplotlib.rcParams)
        assert sick.to_html() == before
        assert dict(matplotlib.rcParams) == theirs


@pytest.mark.parametrize("missing", ["jinja2", "matplotlib"])
def test_without_the_extra_the_hint_says_what_to_install(sick, monkeypatch, missing):
    """The text and JSON reports need no extra; HTML and plots say which one they need."""
    monkeypatch.setitem(sys.modules, missing, None)
    with pytest.raises(ImportError, match=r'pip install "lossdoctor\[report\]"'):
        sick.to_html()
    assert "lossdoctor[report]" in sick._repr_html_()
    assert "Learning rate too high" in sick._repr_html_()
    assert sick.to_text()
    assert sick.to_json()
    if missing == "matplotlib":
        with pytest.raises(ImportError, match=r"lossdoctor\[report\]"):
            sick.plot()
