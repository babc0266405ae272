"""The example notebook runs, and its report and plot show themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

NOTEBOOK = Path(__file__).parents[2] / "examples" / "notebook.ipynb"


@pytest.mark.fit
def test_the_notebook_runs_and_shows_the_report(tmp_path):
    """Every cell runs; the report is HTML, the plot a picture, and the repaired run trains."""
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute()
    cells = {cell.source: cell.outputs for cell in notebook.cells if cell.cell_type == "code"}
    shown = cells["doctor.report"][0]["data"]["text/html"]
    assert '<div class="lossdoctor">' in shown
    assert "UNHEALTHY" in shown
    assert "<script" not in shown
    assert "image/png" in cells["doctor.report.plot()"][0]["data"]
    printed = {source: "".join(o.get("text", "") for o in outputs) for source, outputs in cells.items()}
    repaired = next(text for source, text in printed.items() if "repaired_model" in source)
    assert float(repaired.split("validation:")[1]) < 0.6 * 0.99  # the variance of y: a useless model's loss
    assert "UNHEALTHY" in printed["print(diagnose(history).to_text())"]
