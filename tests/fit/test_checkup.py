"""checkup: right before training, on real data, and without touching the model."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from sklearn.datasets import load_wine

from lossdoctor import checkup

X, Y = load_wine(return_X_y=True)
Z = (X - X.mean(0)) / X.std(0)


def model(units=3, activation="softmax", loss="sparse_categorical_crossentropy", **dense):
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Dense(16, activation="relu", **dense),
        keras.layers.Dense(units, activation=activation),
    ]
    found = keras.Sequential([keras.Input((13,)), *layers])
    found.compile("adam", loss)
    return found


def first(report):
    return report.diagnoses[0].cause if report.diagnoses else None


def test_a_right_model_on_scaled_data_is_left_alone():
    """Nothing is said of a sane model on scaled data."""
    report = checkup(model(), Z, Y)
    assert report.healthy
    assert report.diagnoses == ()


@pytest.mark.parametrize(
    ("made", "x", "y", "cause", "number"),
    [
        (lambda: model(), X, Y, "unscaled-features", "1680"),
        (lambda: model(1, None, "binary_crossentropy"), Z, Y == 1, "loss-activation-mismatch", "linear"),
        (lambda: model(3, "softmax", "categorical_crossentropy"), Z, Y, "loss-target-mismatch", "0 to 2"),
        (lambda: model(2), Z, Y, "output-shape-mismatch", "2"),
        (
            lambda: model(kernel_initializer=keras.initializers.RandomNormal(stddev=30.0)),
            Z,
            Y,
            "bad-initialization",
            "70",
        ),
        (lambda: model(), np.where(np.arange(13) == 4, np.nan, Z), Y, "non-finite-data", "4"),
    ],
)
def test_faults_are_named_before_training(made, x, y, cause, number):
    """Each fault is named with its number before any step."""
    report = checkup(made(), x, y)
    assert not report.healthy
    assert cause in [d.cause for d in report.diagnoses if d.severity != "info"]
    evidence = " ".join(next(d for d in report.diagnoses if d.cause == cause).evidence)
    assert number in evidence


def test_validation_prepared_differently_is_seen():
    """Validation rows as they come against scaled training rows."""
    assert first(checkup(model(), Z, Y, validation_data=(X, Y))) == "inconsistent-preprocessing"


def test_a_generator_is_not_consumed():
    """A generator is left alone, and the report says so."""
    rows = iter([(Z, Y)])
    report = checkup(model(), rows)
    assert any("read only once" in s for s in report.unchecked)
    assert next(rows)[0] is Z


def test_the_model_is_not_touched():
    """Weights, optimizer and metrics are as before, also of a model with batch normalisation."""
    keras.utils.set_random_seed(0)
    found = keras.Sequential(
        [keras.Input((13,)), keras.layers.BatchNormalization(), keras.layers.Dense(3, activation="softmax")]
    )
    found.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    before = [v.numpy().copy() for v in (*found.variables, *found.optimizer.variables)]
    checkup(found, Z, Y)
    for a, b in zip(before, (*found.variables, *found.optimizer.variables), strict=False):
        np.testing.assert_array_equal(a, b.numpy())


def test_a_model_that_is_not_compiled_is_refused():
    """One clear sentence that says what to call."""
    bare = keras.Sequential([keras.Input((13,)), keras.layers.Dense(1)])
    with pytest.raises(ValueError, match=r"not compiled; call model\.compile"):
        checkup(bare, Z, Y)


def test_advice_is_given_without_alarm():
    """Targets over several orders of magnitude under mse: msle is named as worth knowing, in a note."""
    rng = np.random.default_rng(0)
    y = (10 ** rng.uniform(0, 4, len(Z))).astype("float32")
    report = checkup(model(1, None, "mse"), Z, y)
    assert any("logarithmic" in note for note in report.findings.notes)
