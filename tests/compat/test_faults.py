"""Faults put into lossdoctor itself never stop training, never change it, and are told in the report."""

from __future__ import annotations

import errno
import shutil
import warnings

import compat_models as m
import keras
import numpy as np
import pytest
from compat_check import same_values, state
from compat_models import SIZE, X, Y, compiled

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit
BUILD = compiled(m.sequential, lambda: keras.optimizers.SGD(1e6))  # diverges: trials and causes are all asked


@pytest.fixture(scope="module")
def usual():
    model = BUILD()
    model.fit(X, Y, batch_size=SIZE, epochs=2, shuffle=False, verbose=0)
    return state(model)


class Ours(RuntimeError):
    """Only an injected fault raises this."""


def broken(*args, **kwargs):
    raise Ours("injected")


def trained(usual, doctor, *callbacks):
    model = BUILD()
    model.fit(X, Y, batch_size=SIZE, epochs=2, shuffle=False, verbose=0, callbacks=[doctor, *callbacks])
    same_values(usual, state(model))
    return doctor.report


FAULTS = [
    "lossdoctor.callbacks.doctor.Monitor.__init__",
    "lossdoctor.callbacks.doctor.Monitor.before_batch",
    "lossdoctor.callbacks.doctor.Monitor.flush",
    "lossdoctor.callbacks.doctor.Monitor.end_epoch",
    "lossdoctor.callbacks.doctor.Monitor.close",
    "lossdoctor.callbacks.doctor.Monitor.evaluate_layers",
    "lossdoctor.callbacks.doctor.Monitor.record",
    "lossdoctor.callbacks.doctor.conclude",
    "lossdoctor.callbacks.doctor.experimented",
    "lossdoctor.experiments.end_of_fit.always",
    "lossdoctor.fit.monitor.read_setup",
    "lossdoctor.fit.monitor.layer_outputs.evaluate_layers",
    "lossdoctor.experiments.evaluation.evaluate",
    "lossdoctor.keras_private.fit_watch",
    "lossdoctor.keras_private.optimizers",
    "lossdoctor.backends.tensorflow.host_values.learning_rate",
    "lossdoctor.backends.tensorflow.hooks.Hooks.install",
    "lossdoctor.backends.tensorflow.step.StepProbe.before_step",
    "lossdoctor.backends.tensorflow.step.StepProbe.on_loss",
    "lossdoctor.backends.tensorflow.step.StepProbe.around_apply",
    "lossdoctor.backends.tensorflow.step.StepProbe.after_step",
    "lossdoctor.backends.tensorflow.step.StepProbe.flush",
    "lossdoctor.backends.tensorflow.norms.Norms.measure",
    "lossdoctor.backends.tensorflow.norms.Norms.finished",
    "lossdoctor.backends.tensorflow.weight_norms.WeightNorms.anchor",
    "lossdoctor.backends.tensorflow.weight_norms.WeightNorms.measure",
    "lossdoctor.backends.tensorflow.row_store.RowStore.add",
    "lossdoctor.report.report.Report.save",
    "lossdoctor.report.report.Report.print",
]


# What fails inside the traced step is told in the report only, not warned of; the first four leave nothing to report of.
QUIET = (
    "StepProbe.before_step",
    "StepProbe.on_loss",
    "StepProbe.around_apply",
    "StepProbe.after_step",
    ".norms.Norms.measure",
    "RowStore.add",
    "layer_outputs.evaluate_layers",
)
UNTOLD = (
    "Monitor.__init__",
    "read_setup",
    "keras_private.optimizers",
    "host_values.learning_rate",
    "Hooks.install",
    "Report.print",
)


@pytest.mark.parametrize("name", FAULTS)
def test_a_part_that_raises(name, monkeypatch, usual, tmp_path):
    """The weights are the usual ones, fit ends as usual, and there is a report that names the fault."""
    monkeypatch.setattr(name, broken)
    doctor = LossDoctor(verbose=1, trial_seconds=0.2, report=tmp_path / "r.txt")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        report = trained(usual, doctor)
        assert report.to_text(full=True)
        told = report.unchecked
    warned = [str(w.message) for w in said if "lossdoctor could not" in str(w.message)]
    assert len(warned) == (0 if name.endswith(QUIET) else 1)
    assert any("injected" in sentence for sentence in told) or name.endswith(UNTOLD)


def test_a_detector_that_raises(monkeypatch, usual):
    """A symptom that raises costs only itself: the report tells of it, and the others are judged."""
    from lossdoctor import symptoms

    monkeypatch.setitem(symptoms.DETECTORS, "loss-spike", broken)
    report = trained(usual, LossDoctor(verbose=0, trial_seconds=0))
    assert any("loss-spike" in sentence and "injected" in sentence for sentence in report.unchecked)
    assert report.symptoms


def test_a_cause_that_raises(monkeypatch, usual):
    """The same for a cause."""
    monkeypatch.setattr("lossdoctor.diagnosis.weigh", broken)
    report = trained(usual, LossDoctor(verbose=0, trial_seconds=0))
    assert any(
        "learning-rate-too-high" in sentence and "injected" in sentence for sentence in report.unchecked
    )


def test_the_report_s_folder_is_removed_during_training(usual, tmp_path):
    """Without its folder the report cannot be written; training goes on, and the report is in memory."""
    folder = tmp_path / "reports"
    folder.mkdir()

    class Removes(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            shutil.rmtree(folder, ignore_errors=True)

    with pytest.warns(UserWarning, match="could not"):
        report = trained(usual, LossDoctor(verbose=0, trial_seconds=0, report=folder / "r.json"), Removes())
    assert len(report.record.series["batch_loss"]) == 10


@pytest.mark.parametrize("suffix", ["json", "html", "txt"])
def test_a_full_disk(monkeypatch, usual, tmp_path, suffix):
    """With no space left on the device training goes on, and the report is in memory."""

    def full(*args, **kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("os.replace", full)
    monkeypatch.setattr("pathlib.Path.write_text", full)
    monkeypatch.setattr("os.fsync", full)
    with pytest.warns(UserWarning, match="could not"):
        report = trained(usual, LossDoctor(verbose=0, trial_seconds=0, report=tmp_path / f"r.{suffix}"))
    assert np.isfinite(report.record.series["batch_loss"]).any()
