"""The experiments at the end of a fit as a whole: which are made when, that they repeat, and touch nothing."""

from __future__ import annotations

import json
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from untouched import untouched

from lossdoctor import LossDoctor
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments import Subject, end_of_fit
from lossdoctor.experiments.end_of_fit import LEAST_ROWS, always, when_odd
from lossdoctor.fit.setup import read_outputs
from lossdoctor.record import Record

pytestmark = pytest.mark.fit

RNG = np.random.default_rng(0)
X = RNG.normal(size=(128, 4)).astype("float32")
Y = (X[:, :1] + X[:, 1:2] > 0).astype("float32")
EVERY_END = {
    "constant_answer",
    "two_modes",
    "row_losses",
    "input_use",
    "collapse",
    "direction",
    "reach",
    "data_order",
}
WHEN_ODD = {"gradient_path", "infeasible_rows", "independence", "missing_values"}
REPLAYS = {"replay", "stability", "one_batch", "zero_inputs", "pairs", "first_nonfinite"}


def net(loss="binary_crossentropy", *, rate=0.05, activation="sigmoid", kind=keras.Model):
    keras.utils.set_random_seed(0)
    inputs = keras.Input((4,))
    hidden = keras.layers.Dropout(0.1)(keras.layers.Dense(8, "relu")(inputs))
    hidden = keras.layers.BatchNormalization()(hidden)
    model = kind(inputs, keras.layers.Dense(1, activation, name="out")(hidden))
    model.compile(keras.optimizers.Adam(rate), loss)
    return model


def subject_of(model, x=X, y=Y, *, epochs=3, **parts) -> Subject:
    initial = model.get_weights()
    model.fit(x, y, batch_size=16, epochs=epochs, verbose=0)
    found = {"initial": initial, "final": model.get_weights(), "batch_size": 16}
    return Subject(model=model, sample=Sample(x, y), **found | parts)


def named(results):
    return set(results) - {"not_run"}


@pytest.fixture(scope="module")
def subject() -> Subject:
    return subject_of(net())


def test_all_of_them_are_made(subject):
    """Of an ordinary classifier each one has its result, and none is missing."""
    outputs = read_outputs(subject.model)
    found = always(subject, outputs)
    assert named(found) == EVERY_END and found["not_run"] == []
    odd = when_odd(subject, outputs, found)
    assert named(odd) == WHEN_ODD - {"missing_values"}  # no number stands for something missing
    assert odd["not_run"] == []


def test_results_repeat_and_go_into_the_record(subject):
    """The same run has the same results on the second try, and they come back from the file as they are."""
    outputs = read_outputs(subject.model)
    first, second = always(subject, outputs), always(subject, outputs)
    first |= when_odd(subject, outputs, first)
    second |= when_odd(subject, outputs, second)
    one, other = (Record(experiments=r).to_json() for r in (first, second))
    assert one == other
    json.loads(one, parse_constant=pytest.fail)
    assert Record.from_json(one).to_json() == one


def test_nothing_is_touched_and_nothing_is_said(subject, capfd):
    """Weights, optimizer, metrics and random states stay; no warning and no line of print reaches the user."""
    with warnings.catch_warnings(), untouched(subject.model):
        warnings.simplefilter("error")
        found = always(subject, read_outputs(subject.model))
        when_odd(subject, read_outputs(subject.model), found)
    assert capfd.readouterr().out == ""


def test_one_that_fails_costs_only_itself(subject, monkeypatch):
    """An error becomes a sentence with the experiment's name; a ValueError, which is meant to be read, its text alone."""

    def fails(*args):
        raise ZeroDivisionError("of ours")

    def refuses(*args):
        raise ValueError("the rows are too few")

    monkeypatch.setattr(end_of_fit, "two_modes", fails)
    monkeypatch.setattr(end_of_fit, "input_use", refuses)
    found = always(subject, read_outputs(subject.model))
    assert named(found) == EVERY_END - {"two_modes", "input_use"}
    assert found["not_run"] == ["two modes: ZeroDivisionError: of ours", "input use: the rows are too few"]


def test_without_what_they_need(subject):
    """Without initial weights there is no collapse from them; without known outputs, no reach; targets may be missing."""
    model = subject.model
    no_start = Subject(model, subject.sample, [], subject.final)
    assert "collapse" not in always(no_start, read_outputs(model))
    assert "constant_answer" in always(subject, ())
    found = always(Subject(model, Sample(X), subject.initial, subject.final), ())
    assert "constant_answer" not in found
    assert any(text.startswith("constant answer: ") for text in found["not_run"])


def test_large_models_get_fewer_rows(subject, monkeypatch):
    """How many follows from the model's size alone; the order of the data takes them all."""
    monkeypatch.setattr(end_of_fit, "MOST_WORK", 1.0)
    found = always(subject, read_outputs(subject.model))
    assert len(found["row_losses"]["losses"]) == LEAST_ROWS
    assert found["data_order"]["rows"] == len(X)


def test_they_are_made_at_the_weights_of_the_subject(subject):
    """Not at those that the model has by now."""
    outputs = read_outputs(subject.model)
    before = always(subject, outputs)["constant_answer"]
    held = subject.model.get_weights()
    try:
        subject.model.set_weights([np.zeros_like(w) for w in held])
        assert always(subject, outputs)["constant_answer"] == before
    finally:
        subject.model.set_weights(held)


def root_of_error(y, p):
    return tf.reduce_mean(tf.sqrt(tf.abs(y - p) * y * 0.0 + tf.maximum(p - 0.5, 0.0)))


def test_the_gradient_is_followed_from_the_last_good_weights():
    """On the batch that broke, from the good weights; from the initial ones when it is finite there."""
    model = net(root_of_error)
    initial = model.get_weights()
    wide = [w + 0 for w in initial]
    subject = Subject(model, Sample(X, Y), initial, [np.full_like(w, np.nan) for w in initial], good=wide,
                      bad_batch=Sample(X[:16], Y[:16]), batch_size=16)  # fmt: skip
    found = when_odd(subject, read_outputs(model), {})
    assert found["gradient_path"]["finite"] is False
    assert (found["gradient_path"]["operation"], found["gradient_path"]["place"]) == ("sqrt", "loss")
    assert "infeasible_rows" not in found  # their losses were not measured


def test_missing_values_are_searched_in_every_array():
    """Inputs and targets by number."""
    x = X.copy()
    x[::5, 2] = -999.0
    model = net()
    found = when_odd(subject_of(model, x), read_outputs(model), {})
    assert set(found["missing_values"]) == {"input 0"}


# From the callback


def watched(model, x=X, y=Y, *, epochs=30, **arguments):
    doctor = LossDoctor(verbose=0, **arguments)
    model.fit(x, y, batch_size=16, epochs=epochs, verbose=0, callbacks=[doctor])
    return doctor.report


def test_a_healthy_run_pays_for_those_of_every_end_alone():
    """Their time is told, nothing more is tried, and the report is healthy with a measured constant answer."""
    report = watched(net())
    made = set(report.record.experiments)
    assert report.status == "healthy"
    assert made >= EVERY_END and not made & (WHEN_ODD | REPLAYS)
    assert report.record.cost["experiments"] > 0 and "trials" not in report.record.cost
    assert "better-than-constant" in {s.name for s in report.symptoms}


def test_a_sick_run_gets_the_others_and_replays():
    """What is odd is followed, and changes are tried."""
    report = watched(net(rate=30.0), epochs=10)
    made = set(report.record.experiments)
    assert report.status == "unhealthy"
    assert made >= EVERY_END | {"gradient_path", "independence", "replay"}
    assert report.record.cost["trials"] > 0


@pytest.mark.parametrize("rate", [0.05, 30.0])
def test_no_trial_seconds_leave_out_all(rate):
    """trial_seconds=0: not a single experiment, whatever became of the run."""
    report = watched(net(rate=rate), epochs=10, trial_seconds=0)
    assert not set(report.record.experiments) & (EVERY_END | WHEN_ODD | REPLAYS)
    assert not {"experiments", "trials"} & set(report.record.cost)


def test_a_watched_fit_is_left_as_it_would_be_without():
    """The model after the experiments, sick or not, is the one of a fit without us, bit for bit."""
    for rate in (0.05, 30.0):
        alone, model = net(rate=rate), net(rate=rate)
        alone.fit(X, Y, batch_size=16, epochs=4, verbose=0)
        watched(model, epochs=4, trial_seconds=1.0)
        pairs = zip(model.get_weights(), alone.get_weights(), strict=True)
        assert all(np.array_equal(a, b, equal_nan=True) for a, b in pairs)
        assert np.random.default_rng(0).random() and keras.random.normal((1,)).shape == (1,)


def test_a_model_without_a_call_is_no_error():
    """A step of one's own that never calls the model gets sentences, no exception."""

    class OwnStep(keras.Model):
        def __init__(self):
            super().__init__()
            self.part = keras.layers.Dense(1)
            self.part.build((None, 4))
            self.built = True

        def train_step(self, data):
            x, y = data
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self.part(x) - y))
            variables = self.part.trainable_variables
            self.optimizer.apply(tape.gradient(loss, variables), variables)
            return {"loss": loss}

    model = OwnStep()
    model.compile(keras.optimizers.Adam(0.05))
    report = watched(model)
    assert report.record.experiments["not_run"]
    assert [e for e in report.record.events if e.kind == "internal-error"] == []
