"""The probes against a slow second definition: a training loop written by hand with GradientTape."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit

ROWS, BATCH = 70, 16  # a ragged last batch of 6
MODES = {
    "plain": {},
    "xla": {"jit_compile": True},
    "eager": {"run_eagerly": True},
    "three steps an execution": {"steps_per_execution": 3},
    "xla, four steps": {"jit_compile": True, "steps_per_execution": 4},
}


def data():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(ROWS, 5)).astype("float32")
    return x, (x[:, :1] ** 2 + x[:, 1:2]).astype("float32")


def build(optimizer=None, **compile_arguments):
    keras.utils.set_random_seed(3)
    layers = [
        keras.layers.Dense(8, activation="tanh", kernel_regularizer=keras.regularizers.L2(0.01)),
        keras.layers.Dense(1),
    ]
    model = keras.Sequential([keras.Input((5,)), *layers])
    model.compile(
        optimizer=optimizer or keras.optimizers.SGD(0.1, momentum=0.5), loss="mse", **compile_arguments
    )
    return model


def by_hand(epochs=2):
    """Returns the batch losses and gradient norms (per variable) of the same training, written out."""
    model, (x, y) = build(), data()
    losses, norms = [], []
    for _ in range(epochs):
        for i in range(0, ROWS, BATCH):
            with tf.GradientTape() as tape:
                error = tf.square(model(x[i : i + BATCH], training=True) - y[i : i + BATCH])
                loss = tf.reduce_mean(error) + tf.add_n(model.losses)
            grads = tape.gradient(loss, model.trainable_variables)
            model.optimizer.apply(grads, model.trainable_variables)
            losses.append(float(loss))
            norms.append([float(tf.norm(g)) for g in grads])
    return np.array(losses), np.array(norms), model.get_weights()


def watched(epochs=2, doctor=None, **compile_arguments):
    model, (x, y) = build(**compile_arguments), data()
    doctor = doctor or LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0, callbacks=[doctor])
    return model, doctor.report.record


@pytest.mark.parametrize("mode", MODES)
def test_losses_and_norms_equal_a_loop_by_hand(mode):
    """The recorded batch losses and gradient norms are those of a GradientTape loop, to 1e-5."""
    losses, norms, _ = by_hand()
    _, record = watched(**MODES[mode])
    np.testing.assert_allclose(record.series["batch_loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(record.series["grad_norm"], np.sqrt((norms**2).sum(1)), rtol=1e-5)
    looks = record.series["sampled.step"]
    np.testing.assert_allclose(record.series["sampled.grad_norm"], norms[looks], rtol=1e-4, atol=1e-7)


@pytest.mark.parametrize("mode", MODES)
def test_watching_changes_nothing(mode):
    """The weights are, bit for bit, those of the same seeded run without lossdoctor."""
    model, (x, y) = build(**MODES[mode]), data()
    model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=True, verbose=0)
    keras.utils.set_random_seed(3)
    other = build(**MODES[mode])
    other.fit(
        x,
        y,
        batch_size=BATCH,
        epochs=2,
        shuffle=True,
        verbose=0,
        callbacks=[LossDoctor(trial_seconds=0, verbose=0)],
    )
    for a, b in zip(model.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_second_fit_is_recorded_as_well():
    """The hooks are seen by a second fit of the same model, whose record starts anew."""
    model, (x, y) = build(), data()
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    for _ in range(2):
        model.fit(x, y, batch_size=BATCH, epochs=2, shuffle=False, verbose=0, callbacks=[doctor])
    losses, _, _ = by_hand(epochs=4)
    np.testing.assert_allclose(doctor.report.record.series["batch_loss"], losses[10:], rtol=1e-4)


def test_penalty_and_update_are_those_of_the_weights():
    """The penalty is L2 of the kernel before the step; the update norm is the distance the step moved it."""
    model = build()
    kernel = model.layers[0].kernel.numpy()
    _, record = watched(epochs=1)
    assert record.series["penalty"][0] == pytest.approx(0.01 * (kernel**2).sum(), rel=1e-5)
    first = record.series["sampled.update_norm"][0] / record.series["sampled.grad_norm"][0]
    np.testing.assert_allclose(first, 0.1, rtol=1e-3)  # SGD's first step is the rate times the gradient


def test_repeated_rows_of_a_sparse_gradient_are_added_up():
    """The gradient norm of an Embedding is that of the dense gradient, though rows come several times."""
    ids = np.array([[0, 0, 1, 1, 1, 2]] * 4)
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((6,)), keras.layers.Embedding(5, 3), keras.layers.Flatten(), keras.layers.Dense(1)]
    )
    model.compile("sgd", "mse")
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(ids) - 1.0))
    dense = [tf.norm(tf.convert_to_tensor(g)).numpy() for g in tape.gradient(loss, model.trainable_variables)]
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    model.fit(ids, np.ones((4, 1)), batch_size=4, epochs=1, verbose=0, callbacks=[doctor])
    np.testing.assert_allclose(doctor.report.record.series["sampled.grad_norm"][0], dense, rtol=1e-5)


def test_loss_scaling_is_taken_out_of_the_norms():
    """Under mixed_float16 the recorded norms are of the unscaled gradients; skipped steps are counted."""
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model, (x, y) = build(optimizer=keras.optimizers.SGD(0.01)), data()
    finally:
        keras.config.set_dtype_policy(policy)
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x * 0.1, y, batch_size=BATCH, epochs=3, shuffle=False, verbose=0, callbacks=[doctor])
    norms = doctor.report.record.series["grad_norm"]
    assert np.isfinite(norms).all()
    assert 0.01 < np.median(norms) < 100


def test_first_non_finite_batch_is_kept():
    """The batch of the first non-finite step is kept, with its NaN in its place."""
    model, (x, y) = build(), data()
    x[37, 2] = np.nan
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=[doctor])
    bad = doctor._monitor.bad_batch
    assert bad.rows == BATCH
    assert np.argwhere(np.isnan(bad.x)).tolist() == [[37 - 32, 2]]
    assert doctor.report.record.events == ()


def test_custom_train_step_gives_its_own_loss():
    """Without compute_loss the batch loss is had from the metric that the step updates."""

    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(1)
            self.seen = keras.metrics.Mean(name="loss")

        def call(self, x):
            return self.dense(x)

        @property
        def metrics(self):
            return [self.seen]

        def train_step(self, pair):
            x, y = pair
            with tf.GradientTape() as tape:
                loss = tf.reduce_mean(tf.square(self(x) - y))
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
            )
            self.seen.update_state(loss)
            return {"loss": self.seen.result()}

    keras.utils.set_random_seed(0)
    model, (x, y) = Own(), data()
    model.compile(keras.optimizers.SGD(0.0))
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x, y, batch_size=BATCH, epochs=1, shuffle=False, verbose=0, callbacks=[doctor])
    expected = [
        np.mean((model(x[i : i + BATCH]).numpy() - y[i : i + BATCH]) ** 2) for i in range(0, ROWS, BATCH)
    ]
    np.testing.assert_allclose(doctor.report.record.series["batch_loss"], expected, rtol=1e-5)
