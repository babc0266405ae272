"""From fit to repair on PyTorch: the diagnosis of a run with a far too high rate, and of its healthy twin."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from lossdoctor import LossDoctor, LRBackoff, checkup, find_learning_rate

pytestmark = pytest.mark.fit


def digits():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    return (x / 16).astype("float32")[:1400], y[:1400]


def classifier(rate):
    keras.utils.set_random_seed(1)
    hidden = [keras.layers.Dense(64, activation="relu") for _ in range(2)]
    model = keras.Sequential([keras.Input((64,)), *hidden, keras.layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.SGD(rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def test_a_rate_that_is_far_too_high():
    """Named first, with a replay that says so; the repaired model trains, and LRBackoff saves the run."""
    x, y = digits()
    doctor = LossDoctor(trial_seconds=60, verbose=0)
    classifier(10.0).fit(x, y, epochs=4, callbacks=[doctor], verbose=0)
    record = doctor.report.record
    assert doctor.report.diagnoses[0].cause == "learning-rate-too-high"
    assert doctor.report.diagnoses[0].remedies[0].confirmed, record.experiments["not_run"]
    assert record.experiments["stability"]["limit"] < 10.0 and not record.events
    repaired = doctor.report.repaired_model()
    assert repaired.fit(x, y, epochs=4, verbose=0).history["accuracy"][-1] > 0.9
    backoff = LRBackoff(verbose=0)
    saved = classifier(10.0).fit(x, y, epochs=8, callbacks=[backoff], verbose=0)
    assert saved.history["accuracy"][-1] > 0.8 and backoff.scale < 1.0


def test_a_healthy_run_is_left_alone():
    x, y = digits()
    doctor = LossDoctor(backoff=True, verbose=0)
    model = classifier(0.1)
    model.fit(x, y, epochs=6, callbacks=[doctor], verbose=0)
    bare = classifier(0.1)  # seeds the shuffling anew
    bare.fit(x, y, epochs=6, verbose=0)
    assert doctor.report.healthy and not doctor.backoff.events
    for a, b in zip(model.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_checkup_and_a_rate_before_training():
    x, y = digits()
    model = classifier(0.1)
    before = model.get_weights()
    assert checkup(model, x, y).healthy
    assert checkup(model, 1000 * x, y).diagnoses[0].cause == "unscaled-features"
    assert 0.03 < find_learning_rate(model, x, y, seconds=30.0) < 3.0
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_events_need_a_package_and_say_so(tmp_path):
    from lossdoctor import backends

    try:
        import tensorboard  # noqa: F401
    except ImportError:
        with pytest.raises(ValueError, match="pip install tensorboard"):
            backends.current().write_events(str(tmp_path), [(0, {"a": 1.0})])
    else:
        backends.current().write_events(str(tmp_path), [(0, {"a": 1.0, "b": "text"})])
        assert list(tmp_path.iterdir())
