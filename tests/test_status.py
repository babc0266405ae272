"""Healthy, unhealthy or inconclusive: each way to say that too little is known, and what is not one."""

from __future__ import annotations

import copy
import json
import sys
from dataclasses import replace
from pathlib import Path

import jsonschema
import keras
import numpy as np
import pytest
import tensorflow as tf

sys.path.insert(0, str(Path(__file__).parent / "symptoms"))  # its records serve here as well

from record_factory import bare, falling, run, task

import lossdoctor
from lossdoctor import LossDoctor, LRBackoff, backends, symptoms
from lossdoctor.callbacks import UnhealthyRun
from lossdoctor.cli import main
from lossdoctor.coverage import FEW_UPDATES
from lossdoctor.diagnosis import conclude
from lossdoctor.record import Data, Event, Record
from lossdoctor.report import Report
from lossdoctor.report.json_document import SCHEMA

LEARNED = run(falling(2, 0.1))
FLAT = run(np.full(40, 0.5))
SICK = run(np.geomspace(1, 1e6, 60))
FEW = run([0.52, 0.51, 0.5])
BETTER = {"constant_answer": {"constant": 1.0, "model": 0.5, "error": 0.01}}
BROKEN = Event("internal-error", "lossdoctor could not measure inside the step.")
OFF = Event("off", "lossdoctor cannot watch training on the Keras backend 'numpy'.")
GENERATOR = Data(missing=("a generator can be read only once",))

INCONCLUSIVE = {
    "nothing was trained": (Record(stopped="not started", source="none"), "Nothing was trained."),
    "another backend": (Record(stopped="not started", source="none", events=(OFF,)), OFF.text),
    "no loss in a fit": (Record(), "There is nothing to judge: no loss was seen."),
    "no loss in a log": (bare([]), "There is nothing to judge: no loss was seen."),
    "a checkup without a step": (
        Record(stopped="not started", source="checkup", data=GENERATOR),
        "There is nothing to judge: the first step could not be tried.",
    ),
    "a failure of ours": (replace(LEARNED, events=(BROKEN,)), BROKEN.text),
    "one update": (run([1.0]), "Only 1 update was made, too few to judge."),
    "few updates": (FEW, "Only 3 updates were made, too few to judge."),
    "no fall, and no constant answer": (FLAT, "what a constant prediction costs could not be measured"),
    "a log that proves nothing": (bare([0.6931]), "nothing shows that the run learned"),
    "a log that falls by a third": (bare(np.linspace(1.0, 0.66, 12)), "nothing shows that the run learned"),
}
HEALTHY = {
    "a fit that learned": LEARNED,
    "few updates that did learn": replace(FEW, experiments=BETTER),
    "a flat loss below a constant answer": replace(FLAT, experiments=BETTER),
    "at the lowest loss that there is": run(
        np.exp(np.random.default_rng(2).normal(0, 0.3, 400)), **task(1.0, floor=0.99)
    ),
    "a log that halves its loss": bare([2.0, 1.2, 0.8, 0.6, 0.5, 0.45, 0.42, 0.4, 0.39]),
    "a checkup": replace(run([1.0]), source="checkup", stopped="not started"),
}
UNHEALTHY = {
    "a sick run": SICK,
    "a sick run, and a failure of ours": replace(SICK, events=(BROKEN,)),
    "one update to NaN": run([np.nan]),
    "a loss of NaN from the first row of a log on": bare([np.nan]),
}


@pytest.mark.parametrize("name", INCONCLUSIVE)
def test_inconclusive(name):
    """The status, the reason in a sentence of its own, and the verdict that begins with it."""
    record, why = INCONCLUSIVE[name]
    findings = conclude(record)
    assert (findings.status, findings.healthy, findings.loud) == ("inconclusive", False, ())
    assert any(why in text for text in findings.inconclusive_because), findings.inconclusive_because
    assert findings.verdict == f"INCONCLUSIVE. {findings.inconclusive_because[0]}"


@pytest.mark.parametrize("name", HEALTHY)
def test_healthy(name):
    """Said where it was measured, and then without a reservation."""
    findings = conclude(HEALTHY[name])
    assert (findings.status, findings.inconclusive_because) == ("healthy", ())
    assert findings.verdict.startswith("HEALTHY. ")


@pytest.mark.parametrize("name", UNHEALTHY)
def test_unhealthy(name):
    """A sick run is unhealthy whatever else is missing."""
    findings = conclude(UNHEALTHY[name])
    assert (findings.status, findings.inconclusive_because) == ("unhealthy", ())
    assert findings.verdict.startswith("UNHEALTHY. ")


def test_an_unknown_cause_is_no_doubt_about_the_run():
    """A sick run whose cause is not known is unhealthy."""
    findings = conclude(SICK, ignore=[c.id for c in lossdoctor.causes.CAUSES])
    assert findings.status == "unhealthy" and findings.loud[0].cause == "unknown"


@pytest.mark.parametrize("updates", [FEW_UPDATES - 1, FEW_UPDATES])
def test_from_how_many_updates_on_a_run_is_judged(updates):
    """Below FEW_UPDATES their number is the reason, from there on what they came to."""
    because = conclude(run(np.full(updates, 1.0))).inconclusive_because
    assert because[0].startswith("Only") == (updates < FEW_UPDATES)


def test_a_rule_that_fails_takes_healthy_away(monkeypatch):
    """Neither healthy nor unhealthy can be said when a rule of ours fails; a sick run stays sick."""

    def fails(record: Record) -> None:
        raise ZeroDivisionError("of ours")

    monkeypatch.setitem(symptoms.DETECTORS, "loss-plateau", fails)
    findings = conclude(LEARNED)
    assert findings.status == "inconclusive"
    assert "loss-plateau: the rule failed with ZeroDivisionError" in findings.inconclusive_because[0]
    assert conclude(SICK).status == "unhealthy"


# In each form of the report, and as an exit code


@pytest.fixture
def unsure() -> Report:
    return lossdoctor.diagnose({"loss": [0.7]})


def test_every_form_says_so(unsure):
    """Text, HTML and JSON give status and reason; the JSON fits the schema."""
    assert unsure.status == "inconclusive" and not unsure.healthy and unsure.diagnoses == ()
    assert str(unsure).startswith("LossDoctor: INCONCLUSIVE. Nothing alarming was seen")
    assert "INCONCLUSIVE" in unsure.to_html() and "HEALTHY" not in unsure.to_html()
    document = json.loads(unsure.to_json())
    jsonschema.validate(document, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (document["status"], document["healthy"]) == ("inconclusive", False)
    assert document["findings"]["inconclusive_because"] == list(unsure.inconclusive_because)


def test_it_survives_the_file(unsure, tmp_path):
    """A saved report has the same status and reasons when it is loaded."""
    unsure.save(tmp_path / "report.json")
    loaded = lossdoctor.load_report(tmp_path / "report.json")
    assert loaded.status == "inconclusive"
    assert loaded.inconclusive_because == unsure.inconclusive_because


@pytest.mark.parametrize("fail_on", ["error", "warning", "never"])
def test_the_exit_code_is_3(tmp_path, capsys, fail_on):
    """For a log of one row, whatever counts as failure."""
    (tmp_path / "log.csv").write_text("epoch,loss\n0,0.7\n")
    assert main(["diagnose", str(tmp_path / "log.csv"), "--fail-on", fail_on]) == 3
    assert "INCONCLUSIVE" in capsys.readouterr().out


# Real fits

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


def net(kind: type = keras.Model) -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((3,))
    model = kind(inputs, keras.layers.Dense(1)(inputs))
    model.compile(keras.optimizers.Adam(0.1), "mse")
    return model


def fit(doctor: LossDoctor, model: keras.Model | None = None, **arguments) -> keras.Model:
    model = net() if model is None else model
    model.fit(X, Y, **{"batch_size": 8, "epochs": 10, "verbose": 0} | arguments, callbacks=[doctor])
    return model


def test_before_any_fit():
    """Nothing was trained: before fit, after evaluate alone, and for the original of a copy that was trained."""
    doctor = LossDoctor(verbose=0)
    assert doctor.report.inconclusive_because == ("Nothing was trained.",)
    net().evaluate(X, Y, verbose=0, callbacks=[doctor])
    copied = copy.deepcopy(doctor)
    fit(copied)
    assert doctor.report.inconclusive_because == ("Nothing was trained.",)
    assert copied.report.status == "healthy"


@pytest.mark.fit
def test_a_fit_of_no_epochs():
    """Of a fit without a step nothing is said."""
    doctor = LossDoctor(verbose=0)
    fit(doctor, epochs=0)
    assert doctor.report.status == "inconclusive"


class Silent(keras.Model):
    """Trains, and tells nobody its loss."""

    def train_step(self, data):
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(data[0], training=True) - data[1]))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"beat": 1.0}


@pytest.mark.fit
def test_a_step_that_tells_no_loss():
    """A train_step without compute_loss and without a "loss" among its logs cannot be judged."""
    doctor = LossDoctor(verbose=0)
    fit(doctor, net(Silent))
    assert doctor.report.inconclusive_because[0] == "There is nothing to judge: no loss was seen."


@pytest.mark.fit
def test_a_failure_of_ours_in_a_fit(monkeypatch):
    """What fails in the end is warned of once, and the run is not called healthy."""
    doctor = LossDoctor(verbose=0)
    monkeypatch.setattr(
        "lossdoctor.fit.monitor.Monitor.evaluate_layers", lambda self: (_ for _ in ()).throw(OSError("ours"))
    )
    with pytest.warns(UserWarning, match="could not evaluate the layers: OSError: ours"):
        fit(doctor)
    assert doctor.report.status == "inconclusive"
    assert "could not evaluate the layers" in doctor.report.inconclusive_because[0]


@pytest.mark.fit
def test_when_even_the_report_fails(monkeypatch):
    """There is a report all the same, and it is not healthy."""
    doctor = LossDoctor(verbose=0)
    fit(doctor)
    doctor._report = None
    monkeypatch.setattr("lossdoctor.callbacks.doctor.conclude", lambda *a, **k: 1 / 0)
    with pytest.warns(UserWarning, match="could not make the report"):
        assert doctor.report.status == "inconclusive"


@pytest.mark.fit
@pytest.mark.parametrize("with_backoff", [False, True])
def test_a_backend_that_is_not_supported(monkeypatch, with_backoff):
    """One sentence that names it and those supported; fit goes on as without us, and nothing is left behind."""
    alone = fit(LossDoctor(verbose=0, trial_seconds=0))
    monkeypatch.setattr(backends, "SUPPORTED", ("neither",))
    doctor = LossDoctor(verbose=0, backoff=LRBackoff(verbose=0) if with_backoff else None)
    model = net()
    with pytest.warns(UserWarning, match="cannot watch training on the Keras backend") as warned:
        fit(doctor, model)
    assert len([w for w in warned if "lossdoctor" in str(w.message)]) == 1
    assert "it supports neither" in str(warned[0].message)
    assert doctor.report.status == "inconclusive"
    assert keras.backend.backend() in doctor.report.inconclusive_because[0]
    assert all(np.array_equal(a, b) for a, b in zip(model.get_weights(), alone.get_weights(), strict=True))
    assert not {"train_step", "test_step", "compute_loss"} & set(vars(model))


@pytest.mark.fit
def test_strict_raises_unless_healthy():
    """strict=True lets a healthy run pass, and neither a sick one nor one that proves nothing."""
    fit(LossDoctor(verbose=0, strict=True))
    with pytest.raises(UnhealthyRun, match=r"INCONCLUSIVE\."):
        fit(LossDoctor(verbose=0, strict=True, trial_seconds=0), epochs=1, batch_size=32, steps_per_epoch=1)
    model = net()
    model.compile(keras.optimizers.SGD(1e3), "mse")
    with pytest.raises(UnhealthyRun, match=r"UNHEALTHY\."):
        fit(LossDoctor(verbose=0, strict=True, trial_seconds=0), model)


@pytest.mark.fit
def test_a_checkup_of_a_generator_is_inconclusive():
    """It is left alone, so no step was tried."""
    report = lossdoctor.checkup(net(), ((X, Y) for _ in range(3)))
    assert report.status == "inconclusive"
    assert "the first step could not be tried" in report.verdict
    assert lossdoctor.checkup(net(), X, Y).status == "healthy"
