"""What is known of a model's earlier fits: updates, restarts of the optimizer, and whether experiments are paid for."""

from __future__ import annotations

import gc
import weakref

import keras
import numpy as np
import pytest

import lossdoctor.fit.earlier_fits as earlier_fits
from lossdoctor import LossDoctor
from lossdoctor.fit.earlier_fits import Earlier

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 3)).astype("float32")
Y = X[:, :1] - X[:, 1:2]


class Counter:
    """Stands for an optimizer's count of updates."""

    def __init__(self, iterations: int):
        self.iterations = iterations


class Stub:
    """A model as far as it matters here."""

    def __init__(self, iterations: int = 0):
        self.optimizer = Counter(iterations)

    def fit(self, updates: int, seconds: float = 1.0) -> Earlier:
        found = earlier_fits.begin(self)
        self.optimizer.iterations += updates
        earlier_fits.end(self, updates, seconds)
        return found


def test_updates_and_time_add_up():
    """Over all fits of one model, and of no other."""
    model, other = Stub(), Stub()
    for updates in (10, 20, 30):
        model.fit(updates, seconds=2.0)
    assert earlier_fits.begin(model) == Earlier(updates=60, iterations=60, restarts=0, training=6.0)
    assert earlier_fits.begin(other) == Earlier()


def test_an_optimizer_made_anew_between_fits_is_counted():
    """Each fit that begins with a lower count than the one before ended with is a restart."""
    model = Stub()
    for _ in range(4):
        model.fit(10)
        model.optimizer = Counter(0)
    assert earlier_fits.begin(model).restarts == 4


def test_what_is_no_restart():
    """A first fit, an optimizer that goes on, one that came with a saved model, updates that were not watched."""
    assert Stub().fit(10).restarts == 0
    assert Stub(500).fit(10).restarts == 0
    model = Stub()
    model.fit(10)
    assert model.fit(10).restarts == 0
    model.optimizer.iterations += 7  # a fit without us
    assert model.fit(10).restarts == 0


def test_a_fit_without_updates_is_no_training():
    """A model that was never trained has nothing to lose, whatever became of its optimizer."""
    model = Stub(5)
    model.fit(0)
    model.optimizer = Counter(0)
    assert model.fit(10).restarts == 0


@pytest.mark.parametrize("model", [object.__new__(type("Bare", (), {})), Stub()])
def test_a_model_without_a_count_has_none(model):
    """No optimizer, or one without a count of its own, is no error."""
    if isinstance(model, Stub):
        model.optimizer = object()
    assert earlier_fits.iterations(model) == 0
    assert earlier_fits.begin(model).restarts == 0


def test_experiments_may_take_a_tenth_of_the_training():
    """The first ones always may; after that all of them together a tenth of the time at most."""
    assert Earlier().affords
    assert Earlier(training=10.0, experiments=1.0).affords
    assert not Earlier(training=10.0, experiments=1.1).affords


def test_nothing_keeps_a_model_alive():
    """What is known of a model goes with it."""
    model = Stub()
    model.fit(10)
    gone = weakref.ref(model)
    del model
    gc.collect()
    assert gone() is None


# Real fits


def net() -> keras.Model:
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((3,)), keras.layers.Dense(4, "relu"), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def watched(model: keras.Model, epochs: int = 2, **arguments: float) -> LossDoctor:
    doctor = LossDoctor(verbose=0, **arguments)
    model.fit(X, Y, batch_size=16, epochs=epochs, verbose=0, callbacks=[doctor])
    return doctor


@pytest.mark.fit
def test_the_record_tells_of_earlier_fits():
    """Updates of the fits before, and how often the optimizer was made anew, stand in the setup."""
    model = net()
    first = watched(model, trial_seconds=0).report.record.setup
    assert (first.earlier_updates, first.optimizer_restarts) == (0, 0)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    second = watched(model, trial_seconds=0).report.record.setup
    assert (second.earlier_updates, second.optimizer_restarts) == (8, 1)
    third = watched(model, trial_seconds=0).report.record.setup
    assert (third.earlier_updates, third.optimizer_restarts) == (16, 1)


@pytest.mark.fit
def test_an_optimizer_that_is_lost_again_and_again_is_named():
    """Compiling anew before each of several fits is found; one second phase is not."""
    model = net()
    causes = []
    for _ in range(3):
        causes.append({d.cause for d in watched(model, trial_seconds=0).report.diagnoses})
        model.compile(keras.optimizers.Adam(0.01), "mse")
    assert ["optimizer-state-lost" in found for found in causes] == [False, False, True]


@pytest.mark.fit
def test_short_fits_of_one_model_do_without_experiments():
    """They are made at the first end, and left out, with a sentence, until training has paid for them."""
    model = net()
    first, second = watched(model, epochs=1).report, watched(model, epochs=1).report
    assert "constant_answer" in first.record.experiments
    assert "constant_answer" not in second.record.experiments
    assert any("the fits of this model are short" in text for text in second.unchecked)
