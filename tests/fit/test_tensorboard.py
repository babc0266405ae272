"""What is written for TensorBoard is there when the event file is read back."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parents[1] / "report"))

from report_factory import make_findings, make_record

from lossdoctor import diagnose
from lossdoctor.fit.tensorboard import write_tensorboard
from lossdoctor.history import read

RECORD, FINDINGS = make_record(), make_findings()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The folder written without the package tensorboard, which TensorFlow does not bring."""
    path = tmp_path_factory.mktemp("board") / "made" / "for it"
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(sys.modules, "tensorboard", None)
        write_tensorboard(RECORD, FINDINGS, path)
    return path


def test_tensorboards_own_reader_finds_scalars_and_texts(folder):
    """Batch loss (NaN and all), gradient norm, update ratio by variable, and the findings as text."""
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board = accumulator.EventAccumulator(str(folder), size_guidance={"tensors": 0})
    board.Reload()
    tags = set(board.Tags()["tensors"])
    for name in ("batch_loss", "grad_norm", "learning_rate"):
        values = [e.tensor_proto.float_val[0] for e in board.Tensors(f"lossdoctor/{name}")]
        np.testing.assert_allclose(values, RECORD.series[name].astype(np.float32))
    ratios = {t for t in tags if t.startswith("lossdoctor/update_ratio/")}
    assert ratios == {f"lossdoctor/update_ratio/{v.path}" for v in RECORD.setup.variables}
    text = board.Tensors("lossdoctor/findings/learning-rate-too-high")[0]
    assert text.step == 119
    told = text.tensor_proto.string_val[0].decode()
    assert "curvature 812" in told
    assert "optimizer=keras.optimizers.SGD(learning_rate=0.001)" in told
    assert board.SummaryMetadata("lossdoctor/verdict").plugin_data.plugin_name == "text"
    assert board.SummaryMetadata("lossdoctor/batch_loss").plugin_data.plugin_name == "scalars"


def test_our_own_reader_gives_the_batch_series_back(folder):
    """A TensorBoard folder with our tags is a record by batch again, not by epoch."""
    again = read(folder).series
    for name in ("step", "epoch"):
        np.testing.assert_array_equal(again[name], RECORD.series[name])
    for name in ("batch_loss", "grad_norm", "learning_rate"):
        np.testing.assert_allclose(again[name], RECORD.series[name].astype(np.float32))


def test_the_folder_can_be_diagnosed(folder):
    """A run that left nothing but its TensorBoard folder still gets its verdict."""
    report = diagnose(folder)
    assert not report.healthy
    assert "NaN" in report.verdict


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    """A file in the way: what came and what to pass."""
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(ValueError, match=r"log_dir=.*pass a folder"):
        write_tensorboard(RECORD, FINDINGS, tmp_path / "file" / "board")
