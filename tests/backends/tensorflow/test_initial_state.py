"""A model that its own first step builds: its initial weights are had all the same."""

from __future__ import annotations

import numpy as np
import pytest

import lossdoctor

pytestmark = pytest.mark.fit

SETTINGS = {
    "graph": {},
    "xla": {"jit_compile": True},
    "eager": {"run_eagerly": True},
    "several steps an execution": {"steps_per_execution": 4},
}


def unbuilt(**settings):
    """Returns a Sequential without an Input; its first layer begins at zero, so nothing can be learned."""
    import keras

    keras.utils.set_random_seed(0)
    stack = [keras.layers.Dense(16, activation="relu", kernel_initializer="zeros"), keras.layers.Dropout(0.2)]
    model = keras.Sequential([*stack, keras.layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.SGD(0.1, momentum=0.5), "sparse_categorical_crossentropy", **settings)
    return model


@pytest.mark.parametrize("name", SETTINGS)
def test_the_initial_weights_are_those_before_the_first_update(name):
    """They equal those of the same model built by hand, the cause that shows in them is found, and all else stays."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(100, 8)).astype("float32")
    y = x[:, :5].argmax(1)
    built = unbuilt()
    built.build((None, 8))
    model, alone = unbuilt(**SETTINGS[name]), unbuilt(**SETTINGS[name])
    doctor = lossdoctor.LossDoctor(verbose=0, trial_seconds=0)
    model.fit(x, y, batch_size=16, epochs=3, verbose=0, callbacks=[doctor])
    alone.fit(x, y, batch_size=16, epochs=3, verbose=0)
    for a, b in zip(model.get_weights(), alone.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    record = doctor.report.record
    assert record.setup.parameters == built.count_params()
    assert record.setup.layers[1].kernel_spread == 0.0
    for a, b in zip(doctor._monitor.initial, built.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert record.series["moved"].shape == (4,)


def test_trials_begin_at_them():
    """The replay without a change starts at the loss of the first batch, whatever the training did since."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(200, 8)).astype("float32") * 300
    y = x[:, :5].argmax(1)
    import keras

    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.layers.Dense(32, activation="relu"), keras.layers.Dense(5)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.SGD(0.1), loss)
    doctor = lossdoctor.LossDoctor(verbose=0, trial_seconds=10)
    model.fit(x, y, batch_size=50, epochs=5, verbose=0, callbacks=[doctor])
    assert not doctor.report.healthy
    unchanged = doctor.report.record.experiments["replay"]["unchanged"]
    first = doctor.report.record.series["batch_loss"][0]
    assert unchanged["first"] == pytest.approx(first, rel=0.5)
