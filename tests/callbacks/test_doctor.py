"""LossDoctor on real runs: what it says, what it prints, what it writes, and what it refuses."""

from __future__ import annotations

import copy
import gc
import json

import keras
import numpy as np
import pytest
from sklearn.datasets import load_wine

from lossdoctor import LossDoctor, load_report
from lossdoctor.callbacks import UnhealthyRun

X, Y = load_wine(return_X_y=True)
Z = ((X - X.mean(0)) / X.std(0)).astype("float32")


def build(rate=0.05):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((13,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(3, activation="softmax"),
        ]
    )
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def fit(doctor, x=Z, rate=0.05, epochs=8, verbose=0, callbacks=()):
    build(rate).fit(x, Y, epochs=epochs, verbose=verbose, callbacks=[doctor, *callbacks])
    return doctor.report


def test_a_healthy_run_ends_with_one_line(capsys):
    """A run that learns is healthy, pays for no trial, and prints a single line."""
    report = fit(LossDoctor(verbose=1))
    printed = capsys.readouterr().out.strip()
    assert report.healthy
    assert report.diagnoses == ()
    assert "trials" not in report.record.cost
    assert printed.startswith("LossDoctor: HEALTHY")
    assert len(printed.splitlines()) == 1


def test_a_sick_run_is_explained(capsys):
    """Wine as it comes under SGD: unscaled features first, with the range, checked by a replay."""
    report = fit(LossDoctor(verbose=1), x=X)
    printed = capsys.readouterr().out
    top = report.diagnoses[0]
    assert not report.healthy
    assert top.cause == "unscaled-features"
    assert "1680" in top.evidence[0]
    assert top.remedies[0].confirmed is True
    assert "Normalization" in printed
    assert "Tried it:" in printed


def test_verbose_0_prints_nothing(capsys):
    """verbose=0, in the callback or in fit, prints nothing even for a sick run."""
    fit(LossDoctor(verbose=0, trial_seconds=0), x=X, verbose=0)
    fit(LossDoctor(trial_seconds=0), x=X, verbose=0)
    assert capsys.readouterr().out == ""


def test_nan_is_said_once_while_training(capsys):
    """A NaN gets one line of its own while training goes on."""
    bad = Z.copy()
    bad[3, 5] = np.nan
    fit(LossDoctor(verbose=1, trial_seconds=0), x=bad, epochs=12)
    live = [line for line in capsys.readouterr().out.splitlines() if "NaN" in line]
    assert (
        1 <= len([line for line in live if line.startswith("LossDoctor: ") and "UNHEALTHY" not in line]) <= 1
    )


def test_the_report_is_on_disk_while_training_goes_on(tmp_path):
    """With report=PATH the file is valid in the middle of training and complete at the end."""
    path = tmp_path / "run.json"

    class Looks(keras.callbacks.Callback):
        seen = None

        def on_epoch_end(self, epoch, logs=None):
            if self.seen is None and path.exists():
                self.seen = load_report(path).record.stopped

    looks = Looks()
    fit(LossDoctor(report=path, trial_seconds=0), epochs=5, callbacks=[looks])
    assert looks.seen == "running"
    assert load_report(path).record.stopped == "finished"
    assert len(json.loads(path.read_text())["record"]["series"]["epoch.loss"]["data"]) == 5


def test_ctrl_c_leaves_a_complete_report(tmp_path):
    """After Ctrl-C the report says so and holds the steps that were made."""
    path = tmp_path / "run.json"

    class Stops(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                raise KeyboardInterrupt

    doctor = LossDoctor(report=path, trial_seconds=0, verbose=0)
    with pytest.raises(KeyboardInterrupt):
        fit(doctor, callbacks=[Stops()])
    gc.collect()
    assert len(doctor.report.record.series["batch_loss"]) == 4
    assert load_report(path).record.stopped in ("interrupted", "error: fit was left early")


def test_the_report_is_there_in_the_middle_of_training():
    """`doctor.report` can be read from another callback."""
    doctor, seen = LossDoctor(verbose=0), []

    class Reads(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            seen.append(len(doctor.report.record.series["batch_loss"]))

    fit(doctor, epochs=3, callbacks=[Reads()])
    assert seen == [6, 12, 18]


def test_ignored_causes_are_not_named():
    """ignore= takes ids and codes."""
    report = fit(LossDoctor(ignore=["unscaled-features", "LD101"], trial_seconds=0, verbose=0), x=X)
    assert not {d.cause for d in report.diagnoses} & {"unscaled-features", "learning-rate-too-high"}


def test_strict_raises_at_the_end_of_a_sick_run():
    """strict=True raises for a sick run, after training, and not for a healthy one."""
    fit(LossDoctor(strict=True, verbose=0))
    with pytest.raises(UnhealthyRun, match="UNHEALTHY"):
        fit(LossDoctor(strict=True, verbose=0, trial_seconds=0), x=X)


def test_a_copy_starts_afresh():
    """A deep copy, as tuners make it, has the same settings and its own report."""
    doctor = LossDoctor(ignore=["overfitting"], verbose=0)
    fit(doctor, epochs=1)
    other = copy.deepcopy(doctor)
    assert other.ignore == ("overfitting",)
    assert other.report.record.stopped == "not started"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"ignore": ["learning-rate"]}, r"ignore='learning-rate': no such cause; pass ids or codes"),
        ({"report": "/nowhere/at/all/run.json"}, r"report='/nowhere.*pass one that is"),
        ({"report": "run.pdf"}, r"pass a path that ends in \.json, \.html or \.txt"),
        ({"trial_seconds": -1}, r"trial_seconds=-1: pass a number of seconds"),
        ({"budget": 0}, r"budget=0: pass a share"),
        ({"verbose": 7}, r"verbose=7: pass 'auto', 0 or 1"),
        ({"backoff": "yes"}, r"backoff='yes': pass None, True or an LRBackoff"),
    ],
)
def test_bad_arguments_are_refused_before_training(arguments, message):
    """Each bad argument gets one sentence with what came and what to pass."""
    with pytest.raises(ValueError, match=message):
        LossDoctor(**arguments)


def test_a_model_that_is_not_compiled_gets_keras_own_error():
    """Keras refuses it before we are called."""
    model = keras.Sequential([keras.Input((13,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="compile"):
        model.fit(Z, Y, callbacks=[LossDoctor(verbose=0)], verbose=0)


def test_the_repaired_model_trains():
    """report.repaired_model() is fresh and compiled, and the same fit call learns."""
    report = fit(LossDoctor(verbose=0), x=X)
    repaired = report.repaired_model()
    history = repaired.fit(X, Y, epochs=8, verbose=0)
    assert history.history["accuracy"][-1] > 0.85
