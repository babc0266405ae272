"""Report: it is its content with forms added, and it travels between processes."""

from __future__ import annotations

import inspect
import pickle

import pytest

from lossdoctor.report import Report
from lossdoctor.report.content import Content

METHODS = [name for name, value in vars(Report).items() if name[0] != "_" and inspect.isfunction(value)]


def test_a_report_without_a_model_survives_pickling(sick):
    """A worker hands its report to the parent: the same findings, the same text."""
    again = pickle.loads(pickle.dumps(sick))
    assert isinstance(again, Report)
    assert again.findings == sick.findings
    assert again.to_json() == sick.to_json()
    assert again.to_text() == sick.to_text()


def test_forms_are_made_from_the_content_alone(sick):
    """Whoever has a record and findings can print them: no form asks for more than Content holds."""
    from lossdoctor.report import html_page, json_document, text

    content = Content(sick.record, sick.findings)
    assert text.plain(content) == sick.to_text()
    assert json_document.dumps(content) == sick.to_json()
    assert html_page.page(content) == sick.to_html()


def test_the_repaired_model_comes_from_whoever_has_the_model(sick):
    """What `repair` returns is handed on as it is."""
    model = object()
    assert Report(sick.record, sick.findings, repair=lambda: model).repaired_model() is model


@pytest.mark.parametrize("name", METHODS)
def test_every_public_method_has_an_example(name):
    """The documentation of each method shows it at work (tests/test_docs.py runs the examples)."""
    assert ">>> " in inspect.getdoc(getattr(Report, name))
