"""The rows of a step against a loop written by hand with jax.grad, and the bits of a fit with and without them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from jax_runs import BATCH, QUIET, ROWS, OwnStep, assert_same, data, dense, left_by, noisy, state_of

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit

MODES = {
    "plain": {},
    "op by op": {"jit_compile": False},
    "eager": {"run_eagerly": True},
    "three steps an execution": {"steps_per_execution": 3},
}


def by_hand(model, epochs=2):
    """Returns losses, penalties and gradient norms of the same training, written out; trains `model` the same way."""
    import jax

    x, y = data()
    losses, penalties, norms = [], [], []
    weights = [v.value for v in model.trainable_variables]
    rest = [v.value for v in model.non_trainable_variables]
    slots = [v.value for v in model.optimizer.variables]

    def loss_of(weights, rest, x, y):
        made, rest, added = model.stateless_call(weights, rest, x, training=True, return_losses=True)
        return keras.ops.mean(keras.ops.square(made - y)) + sum(added), (rest, sum(added))

    for _ in range(epochs):
        for i in range(0, ROWS, BATCH):
            found, grads = jax.value_and_grad(loss_of, has_aux=True)(
                weights, rest, x[i : i + BATCH], y[i : i + BATCH]
            )
            loss, (rest, penalty) = found
            weights, slots = model.optimizer.stateless_apply(slots, grads, weights)
            losses.append(float(loss))
            penalties.append(float(penalty))
            norms.append([float(np.linalg.norm(np.asarray(g))) for g in grads])
    return np.array(losses), np.array(penalties), np.array(norms)


def watched(build, epochs=2, callbacks=None, **compile_arguments):
    model, (x, y) = build(**compile_arguments), data()
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    history = model.fit(x, y, epochs=epochs, callbacks=[doctor, *(callbacks or ())], **QUIET)
    assert not doctor.report.record.events, doctor.report.record.events
    return model, doctor.report.record, history


def plain(build, epochs=2, **compile_arguments):
    model, (x, y) = build(**compile_arguments), data()
    return model, model.fit(x, y, epochs=epochs, **QUIET)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("build", [dense, noisy])
def test_rows_equal_a_loop_by_hand(build, mode):
    """Losses, penalties and norms are those of jax.value_and_grad, to 1e-5."""
    model = build()
    model.optimizer.build(model.trainable_variables)
    losses, penalties, norms = by_hand(model)
    _, record, _ = watched(build, **MODES[mode])
    np.testing.assert_allclose(record.series["batch_loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(record.series["penalty"], penalties, rtol=1e-5)
    # A bias before BatchNormalization has a gradient of rounding errors alone.
    np.testing.assert_allclose(record.series["grad_norm"], np.sqrt((norms**2).sum(1)), rtol=2e-5)
    np.testing.assert_allclose(record.series["rows"], [16, 16, 16, 16, 6] * 2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("build", [dense, noisy])
def test_watching_changes_nothing(build, mode):
    """Weights, statistics, seeds, slots and history are, bit for bit, those of the fit without lossdoctor."""
    bare, history = plain(build, **MODES[mode])
    model, _, seen = watched(build, **MODES[mode])
    assert_same(state_of(model), state_of(bare))
    assert seen.history == history.history


def test_nothing_is_left_behind():
    """Model, optimizer and metrics hold no wrapper afterwards, and a fit without us runs Keras's own function."""
    model, _, _ = watched(dense)
    held = [vars(owner) for owner in (model, model.optimizer, *model.metrics)]
    names = ("compute_loss", "update_state", "stateless_apply", "_get_current_learning_rate")
    assert not [n for names_of in held for n in names if n in names_of]
    assert "lossdoctor" not in type(model.train_function).__module__


def test_a_second_fit_is_measured_too():
    model, (x, y) = dense(), data()
    losses = []
    for _ in range(2):
        doctor = LossDoctor(trial_seconds=0, verbose=0)
        model.fit(x, y, epochs=1, callbacks=[doctor], **QUIET)
        losses += list(doctor.report.record.series["batch_loss"])
    np.testing.assert_allclose(losses, watched(dense)[1].series["batch_loss"], rtol=1e-6)


def test_the_row_is_not_among_the_logs():
    """Another callback sees Keras's logs and nothing of ours."""
    seen = []
    watched(
        noisy,
        callbacks=[
            keras.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(sorted(logs)))
        ],
    )
    assert seen == [["loss", "mae"]] * 10


def test_an_own_train_step_and_loss():
    """A step as Keras's guide writes it: its loss and gradients are seen, its bits stay."""

    def build():
        keras.utils.set_random_seed(5)
        model = OwnStep()
        model.compile(keras.optimizers.Adam(0.01))
        return model

    bare, _ = plain(build)
    model, record, _ = watched(build)
    assert_same(state_of(model), state_of(bare))
    assert np.isfinite(record.series["batch_loss"]).all() and (record.series["grad_norm"] > 0).all()


class Hidden(OwnStep):
    """Its loss is only known within traces of jax.grad and jax.checkpoint, and a layer adds a penalty there."""

    def call(self, x, training=False):
        made = super().call(x)
        self.add_loss(0.1 * keras.ops.mean(made**2))
        return made

    def train_step(self, state, data):
        import jax

        trainable, rest, slots, metrics = state
        x, y = data[:2]
        seen = self.metrics[0]

        @jax.checkpoint
        def loss_of(values, held):
            made, new, added = self.stateless_call(values, rest, x, training=True, return_losses=True)
            loss = keras.ops.mean((made - y) ** 2) + sum(added)
            return loss, (new, seen.stateless_update_state(held, loss))

        function = jax.value_and_grad(loss_of, has_aux=True)
        (_, (rest, metrics)), grads = function(trainable, metrics)
        trainable, slots = self.optimizer.stateless_apply(slots, grads, trainable)
        return {"loss": seen.stateless_result(metrics)}, (trainable, rest, slots, metrics)


def test_a_loss_that_is_hidden_in_an_inner_trace():
    """It is had from the change of the metric, and nothing of ours leaks."""

    def build():
        keras.utils.set_random_seed(5)
        model = Hidden()
        model.compile(keras.optimizers.SGD(0.05))
        return model

    bare, _ = plain(build)
    model, record, history = watched(build)
    assert_same(state_of(model), state_of(bare))
    mean = np.average(record.series["batch_loss"][:5])
    np.testing.assert_allclose(mean, history.history["loss"][0], rtol=1e-4)


def test_mixed_precision_tells_unscaled_numbers():
    """Under loss scaling rows are unscaled, and steps that the scaling skips are no NaN."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        bare, _ = plain(noisy)
        doctor, (x, y) = LossDoctor(trial_seconds=0, verbose=0), data()
        model = noisy()
        model.fit(x, y, epochs=2, callbacks=[doctor], **QUIET)
    finally:
        keras.config.set_dtype_policy("float32")
    assert_same(state_of(model), state_of(bare))
    norms = doctor.report.record.series["grad_norm"]
    assert np.isnan(norms[0]) and norms[1:].max() < 50.0  # the first scale is too high: no update was made
    assert [e.kind for e in doctor.report.record.events] == ["loss-scale"]


@pytest.mark.parametrize(
    "settings",
    [{"gradient_accumulation_steps": 3}, {"use_ema": True, "ema_overwrite_frequency": 4}, {"clipnorm": 0.1},
     {"loss_scale_factor": 8.0}, {"weight_decay": 0.01}],
    ids=lambda s: next(iter(s)),
)  # fmt: skip
def test_settings_of_the_optimizer(settings):
    """Accumulation, averages, clipping, scale and decay: raw gradients are told, and the bits stay."""

    def build():
        return noisy(keras.optimizers.Adam(0.01, **settings))

    bare, _ = plain(build)
    model, record, _ = watched(build)
    assert_same(state_of(model), state_of(bare))
    np.testing.assert_allclose(
        record.series["grad_norm"][0], watched(noisy)[1].series["grad_norm"][0], rtol=1e-5
    )


def test_several_inputs_and_outputs():
    """Dicts of inputs and outputs: one loss, the norms of all, samples in the user's own structure."""
    keras.utils.set_random_seed(6)
    a, b = keras.Input((3,), name="a"), keras.Input((2,), name="b")
    joined = keras.layers.Dense(4, activation="relu")(keras.layers.Concatenate()([a, b]))
    model = keras.Model(
        {"a": a, "b": b},
        {"u": keras.layers.Dense(1, name="u")(joined), "v": keras.layers.Dense(2, name="v")(joined)},
    )
    model.compile("adam", {"u": "mse", "v": "mae"}, metrics={"u": "mse"})
    x, y = data()
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    inputs, targets = {"a": x[:, :3], "b": x[:, 3:]}, {"u": y, "v": np.hstack([y, y])}
    history = model.fit(inputs, targets, epochs=2, callbacks=[doctor], **QUIET)
    record = doctor.report.record
    weighted = np.average(record.series["batch_loss"][5:], weights=record.series["rows"][5:])
    np.testing.assert_allclose(weighted, history.history["loss"][1], rtol=1e-5)
    assert [t.name for t in record.data.inputs] == ["a", "b"]


def test_rows_of_validation_and_training():
    x, y = data()
    model, doctor = dense(), LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x, y, epochs=2, validation_data=(x[:20], y[:20]), callbacks=[doctor], **QUIET)
    monitor = doctor._monitor
    np.testing.assert_array_equal(monitor.sample.x, x)
    np.testing.assert_array_equal(monitor.validation.x, x[:20])
    assert monitor.bad_batch is None


def test_the_first_bad_batch_is_held():
    x, y = data()
    y[20] = np.nan
    model, doctor = dense(), LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x, y, epochs=2, callbacks=[doctor], **QUIET)
    np.testing.assert_array_equal(doctor._monitor.bad_batch.x, x[16:32])
    assert np.isnan(doctor.report.record.series["batch_loss"][1])


class Raising(keras.callbacks.Callback):
    def __init__(self, error, batch, hook="on_train_batch_begin"):
        super().__init__()
        setattr(self, hook, lambda b, logs=None: self._raise(b, error, batch))

    def _raise(self, b, error, batch):
        if b == batch:
            raise error("mine")  # made here: one that was raised before would hold its fit


@pytest.mark.parametrize("hook", ["on_train_batch_begin", "on_train_batch_end"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, ValueError])
def test_an_exception_of_a_callback_leaves_a_usable_model(error, hook):
    x, y = data()
    model, doctor = dense(), LossDoctor(trial_seconds=0, verbose=0)
    left_by(error, model, x, y, epochs=2, callbacks=[doctor, Raising(error, 3, hook)], **QUIET)
    assert doctor.report.record.stopped.startswith(("interrupted", "error"))
    assert np.isfinite(model.predict(x, verbose=0)).all()
    model.fit(x, y, epochs=1, **QUIET)


@pytest.mark.parametrize("at", [0, 3])
def test_data_that_raise_leave_a_usable_model(at):
    """Also before the first step is done, where Keras alone leaves a model without weights."""
    x, y = data()

    class Rows(keras.utils.PyDataset):
        def __len__(self):
            return 5

        def __getitem__(self, i):
            if i == at and self.armed:
                raise OSError("disk")
            return x[:16], y[:16]

    rows = Rows()
    rows.armed = at > 0  # Keras reads the first batch before fit begins
    model, doctor = dense(), LossDoctor(trial_seconds=0, verbose=0)
    arm = keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs=None: setattr(rows, "armed", True))
    left_by(OSError, model, rows, epochs=1, callbacks=[doctor, arm], verbose=0, shuffle=False)
    assert doctor.report.record.stopped == "error: OSError"
    assert np.isfinite(model.predict(x, verbose=0)).all()


def test_an_interrupt_after_the_step_loses_nothing(monkeypatch):
    """Ctrl-C when the arrays that went in are gone and Keras has not got the new ones yet."""
    from lossdoctor.backends.jax.watch import JaxWatch

    add, count = JaxWatch.add, []

    def interrupted(self, row, data):
        count.append(add(self, row, data))
        if len(count) == 4:
            raise KeyboardInterrupt

    monkeypatch.setattr(JaxWatch, "add", interrupted)
    (x, y), model, other = data(), dense(), dense()
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    left_by(KeyboardInterrupt, model, x, y, epochs=1, callbacks=[doctor], **QUIET)
    other.fit(x[: 4 * BATCH], y[: 4 * BATCH], epochs=1, **QUIET)
    assert doctor.report.record.stopped == "interrupted"
    assert_same(state_of(model), state_of(other))


def test_a_step_that_raises_is_the_users_own_error():
    class Raises(OwnStep):
        def train_step(self, state, data):
            raise ValueError("theirs")

    x, y = data()
    model, doctor = Raises(), LossDoctor(trial_seconds=0, verbose=0)
    model.compile("sgd")
    assert "theirs" in left_by(ValueError, model, x, y, epochs=1, callbacks=[doctor], **QUIET)
    record = doctor.report.record
    assert record.stopped == "error: ValueError" and not record.events
    assert np.isfinite(model.predict(x, verbose=0)).all()


def test_a_measurement_that_fails_leaves_the_step_alone(monkeypatch):
    from lossdoctor.backends.jax.watch import JaxWatch

    def broken(self, step):
        raise RuntimeError("ours")

    monkeypatch.setattr(JaxWatch, "measure", broken)
    bare, _ = plain(dense)
    model, (x, y) = dense(), data()
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x, y, epochs=2, callbacks=[doctor], **QUIET)
    assert_same(state_of(model), state_of(bare))
    assert "ours" in " ".join(e.text for e in doctor.report.record.events)


def test_a_leaked_tracer_of_ours_does_not_reach_the_user(monkeypatch):
    """Where our step cannot be run, Keras's own goes on, and the report says so."""
    from lossdoctor.backends.jax import notes

    monkeypatch.setattr(notes, "outside", lambda value, reference: value)
    bare, _ = plain(dense)
    model, (x, y) = dense(), data()
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x, y, epochs=2, callbacks=[doctor], **QUIET)
    assert_same(state_of(model), state_of(bare))
    assert not doctor._warned
    assert "Tracer" in " ".join(e.text for e in doctor.report.record.events)


def test_a_report_in_the_middle_of_an_epoch():
    """`doctor.report` can be asked for where Keras's variables hold nothing."""
    x, y = data()
    model, doctor, seen = dense(), LossDoctor(trial_seconds=0, verbose=0), []
    ask = keras.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(doctor.report.record))
    model.fit(x, y, epochs=1, callbacks=[doctor, ask], **QUIET)
    assert [len(r.series["batch_loss"]) for r in seen] == [1, 2, 3, 4, 5]
    assert all(r.series["moved"].all() for r in seen)
    assert not doctor.report.record.events
