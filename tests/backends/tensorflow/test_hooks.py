"""The hooks leave no trace: not at the end, not after an exception, not in what is saved."""

from __future__ import annotations

import gc

import keras
import numpy as np
import pytest

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit

X = np.random.default_rng(0).normal(size=(40, 4)).astype("float32")
Y = X[:, :1]


def build():
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3), keras.layers.Dense(1)])
    model.compile(keras.optimizers.Adam(0.01), "mse")
    return model


def traces(model):
    """Returns the names that hooks would have left on the model, its optimizer and its layers."""
    owners = [model, model.optimizer, *model.layers]
    names = {"train_step", "test_step", "compute_loss", "apply", "call"}
    return [f"{type(o).__name__}.{n}" for o in owners for n in names & set(vars(o))]


class Raises(keras.callbacks.Callback):
    def __init__(self, error):
        super().__init__()
        self.error = error

    def on_epoch_end(self, epoch, logs=None):
        raise self.error("stop")


def test_nothing_is_left_after_fit():
    """After fit the model has no attribute of ours, and its train function is the one it had."""
    model = build()
    model.fit(X, Y, epochs=1, verbose=0)
    before = model.train_function
    model.fit(X, Y, epochs=1, verbose=0, callbacks=[LossDoctor(trial_seconds=0, verbose=0)])
    assert traces(model) == []
    assert model.train_function is before


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_in_another_callback_takes_the_hooks_out(error):
    """Keras calls no hook when fit raises; the model is clean all the same, and the report is complete."""
    model, doctor = build(), LossDoctor(trial_seconds=0, verbose=0)
    with pytest.raises(error):
        model.fit(X, Y, epochs=3, verbose=0, callbacks=[doctor, Raises(error)])
    gc.collect()
    assert traces(model) == []
    assert len(doctor.report.record.series["batch_loss"]) == 2
    assert doctor.report.record.stopped != "running"
    model.fit(X, Y, epochs=1, verbose=0)


def test_an_exception_in_the_step_is_named():
    """An error raised by the data ends up in the record's `stopped`."""

    def broken():
        for i in range(5):
            if i == 3:
                raise KeyError("no such row")
            yield X[:8], Y[:8]

    model, doctor = build(), LossDoctor(trial_seconds=0, verbose=0)
    with pytest.raises(Exception, match="no such row"):
        model.fit(broken(), epochs=1, verbose=0, callbacks=[doctor])
    gc.collect()
    assert traces(model) == []
    assert doctor.report.record.stopped.startswith("error")
    assert len(doctor.report.record.series["batch_loss"]) == 3


def test_a_model_saved_during_training_carries_nothing_of_ours(tmp_path):
    """A model saved by ModelCheckpoint during a watched run loads, and has the variables of any other."""
    model = build()
    saver = keras.callbacks.ModelCheckpoint(tmp_path / "m.keras")
    model.fit(X, Y, epochs=2, verbose=0, callbacks=[LossDoctor(trial_seconds=0, verbose=0), saver])
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert len(loaded.optimizer.variables) == len(model.optimizer.variables)
    np.testing.assert_array_equal(loaded.predict(X, verbose=0), model.predict(X, verbose=0))
    loaded.fit(X, Y, epochs=1, verbose=0)


def test_fit_without_us_after_a_watched_fit_trains_the_same():
    """A fit after a watched fit gives the weights that it gives after an unwatched one."""
    weights = []
    for callbacks in ([], [LossDoctor(trial_seconds=0, verbose=0)]):
        model = build()
        model.fit(X, Y, epochs=1, verbose=0, shuffle=False, callbacks=callbacks)
        model.fit(X, Y, epochs=1, verbose=0, shuffle=False)
        weights.append(model.get_weights())
    for a, b in zip(*weights, strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize("method", ["before_step", "on_loss", "around_apply", "after_step", "on_test_data"])
def test_an_error_of_ours_inside_the_step_does_not_stop_training(monkeypatch, method):
    """A probe that fails while the step is traced is dropped and reported; the weights are the usual ones."""
    from lossdoctor.backends.tensorflow.step import StepProbe

    plain = build()
    plain.fit(X, Y, epochs=2, verbose=0, shuffle=False, validation_data=(X, Y))

    def broken(*args):
        raise ZeroDivisionError("ours")

    monkeypatch.setattr(StepProbe, method, broken)
    model, doctor = build(), LossDoctor(trial_seconds=0, verbose=0)
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False, validation_data=(X, Y), callbacks=[doctor])
    for a, b in zip(plain.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert any("ZeroDivisionError: ours" in e.text for e in doctor.report.record.events)


def test_an_error_of_the_optimizer_stays_the_users_own():
    """What the user's own update raises comes through as it is."""

    class Broken(keras.optimizers.SGD):
        def apply(self, grads, trainable_variables=None):
            raise LookupError("my own")

    model = build()
    model.compile(Broken(0.1), "mse", run_eagerly=True)
    with pytest.raises(LookupError, match="my own"):
        model.fit(X, Y, epochs=1, verbose=0, callbacks=[LossDoctor(trial_seconds=0, verbose=0)])
