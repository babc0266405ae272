"""The rows of a step against a loop written by hand with jax.grad, and the bits of a fit with and without them."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from torch_runs import BATCH, QUIET, ROWS, OwnStep, assert_same, data, dense, left_by, noisy, state_of

from lossdoctor import LossDoctor

pytestmark = pytest.mark.fit


def by_hand(model, epochs=2):
    """Returns losses, penalties and gradient norms of the same training, written out; trains `model` the same way."""
    import torch

    x, y = (torch.tensor(a) for a in data())
    losses, penalties, norms = [], [], []
    variables = model.trainable_variables
    for _ in range(epochs):
        for i in range(0, ROWS, BATCH):
            made = model(x[i : i + BATCH], training=True)
            penalty = sum(model.losses)
            loss = torch.mean((made - y[i : i + BATCH]) ** 2) + penalty
            grads = torch.autograd.grad(loss, [v.value for v in variables])
            with torch.no_grad():
                model.optimizer.apply(list(grads), variables)
            losses.append(loss.item())
            penalties.append(penalty.item())
            norms.append([float(torch.linalg.vector_norm(g)) for g in grads])
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


@pytest.mark.parametrize("build", [dense, noisy])
def test_rows_equal_a_loop_by_hand(build):
    """Losses, penalties and norms are those of torch.autograd, to 1e-5."""
    model = build()
    model.optimizer.build(model.trainable_variables)
    losses, penalties, norms = by_hand(model)
    _, record, _ = watched(build)
    np.testing.assert_allclose(record.series["batch_loss"], losses, rtol=1e-5)
    np.testing.assert_allclose(record.series["penalty"], penalties, rtol=1e-5)
    # A bias before BatchNormalization has a gradient of rounding errors alone.
    np.testing.assert_allclose(record.series["grad_norm"], np.sqrt((norms**2).sum(1)), rtol=2e-5)
    np.testing.assert_allclose(record.series["rows"], [16, 16, 16, 16, 6] * 2)


def unseeded(**compile_arguments):
    """Its dropout draws from torch's own generator."""
    return noisy(seed=None, **compile_arguments)


@pytest.mark.parametrize("build", [dense, noisy, unseeded])
def test_watching_changes_nothing(build):
    """Weights, statistics, seeds, slots and history are, bit for bit, those of the fit without lossdoctor."""
    bare, history = plain(build)
    model, _, seen = watched(build)
    assert_same(state_of(model), state_of(bare))
    assert seen.history == history.history


def test_nothing_is_left_behind():
    """Model and optimizer hold no wrapper afterwards, and no module, parameter or buffer of ours."""
    model, _, _ = watched(dense)
    bare, _ = plain(dense)
    for one, other in ((model, bare), (model.optimizer, bare.optimizer)):
        assert set(vars(one)) == set(vars(other))
    assert [n for n, _ in model.named_modules()] == [n for n, _ in bare.named_modules()]


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
    """Its loss is its own and goes to the metric alone."""

    def train_step(self, data):
        import torch

        x, y = data[:2]
        self.zero_grad()
        loss = torch.mean((self(x, training=True) - y) ** 2)
        loss.backward()
        weights = list(self.trainable_weights)
        with torch.no_grad():
            self.optimizer.apply([v.value.grad for v in weights], weights)
        self.metrics[0].update_state(loss, sample_weight=x.shape[0])
        return {"loss": self.metrics[0].result()}


def test_a_loss_that_only_the_metric_knows():
    def build():
        keras.utils.set_random_seed(5)
        model = Hidden()
        model.compile(keras.optimizers.SGD(0.05))
        return model

    bare, _ = plain(build)
    model, record, history = watched(build)
    assert_same(state_of(model), state_of(bare))
    mean = np.average(record.series["batch_loss"][:5], weights=record.series["rows"][:5])
    np.testing.assert_allclose(mean, history.history["loss"][0], rtol=1e-4)


def test_mixed_precision_tells_unscaled_numbers():
    """Under loss scaling rows are unscaled, and steps that the scaling skips are no NaN."""
    keras.config.set_dtype_policy("mixed_float16")

    def build():
        return noisy(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01), initial_scale=2.0**20))

    try:
        bare, _ = plain(build)
        doctor, (x, y) = LossDoctor(trial_seconds=0, verbose=0), data()
        model = build()
        model.fit(x, y, epochs=2, callbacks=[doctor], **QUIET)
    finally:
        keras.config.set_dtype_policy("float32")
    assert_same(state_of(model), state_of(bare))
    norms = doctor.report.record.series["grad_norm"]
    (event,) = doctor.report.record.events  # the first scales are too high: no update was made
    made = int(model.optimizer.inner_optimizer.iterations)
    assert event.kind == "loss-scale" and event.data["skipped"] == 10 - made > 0
    assert norms.max() < 50.0


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
    import torch

    x, y = data()

    class Rows(torch.utils.data.Dataset):
        armed = False

        def __len__(self):
            return 80

        def __getitem__(self, i):
            if self.armed and i == 16 * at:
                raise OSError("disk")
            return x[i % 70], y[i % 70]

    rows = Rows()
    model, doctor = dense(), LossDoctor(trial_seconds=0, verbose=0)
    arm = keras.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs=None: setattr(rows, "armed", True))
    loader = torch.utils.data.DataLoader(rows, batch_size=16)
    left_by(OSError, model, loader, epochs=1, callbacks=[doctor, arm], verbose=0)
    assert doctor.report.record.stopped.startswith("error")
    assert len(doctor.report.record.series["batch_loss"]) == at
    assert np.isfinite(model.predict(x, verbose=0)).all()


def test_a_step_that_raises_is_the_users_own_error():
    class Raises(OwnStep):
        def train_step(self, data):
            raise ValueError("theirs")

    x, y = data()
    model, doctor = Raises(), LossDoctor(trial_seconds=0, verbose=0)
    model.compile("sgd")
    assert "theirs" in left_by(ValueError, model, x, y, epochs=1, callbacks=[doctor], **QUIET)
    record = doctor.report.record
    assert record.stopped == "error: ValueError" and not record.events
    assert np.isfinite(model.predict(x, verbose=0)).all()


@pytest.mark.parametrize("method", ["before", "allows", "after"])
def test_a_measurement_that_fails_leaves_the_step_alone(monkeypatch, method):
    from lossdoctor.backends.torch.watch import TorchWatch

    def broken(self, step):
        raise RuntimeError("ours")

    monkeypatch.setattr(TorchWatch, method, broken)
    bare, _ = plain(dense)
    model, (x, y) = dense(), data()
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    model.fit(x, y, epochs=2, callbacks=[doctor], **QUIET)
    assert_same(state_of(model), state_of(bare))
    assert "ours" in " ".join(e.text for e in doctor.report.record.events)


def test_a_report_in_the_middle_of_an_epoch():
    x, y = data()
    model, doctor, seen = dense(), LossDoctor(trial_seconds=0, verbose=0), []
    ask = keras.callbacks.LambdaCallback(on_train_batch_end=lambda b, logs: seen.append(doctor.report.record))
    model.fit(x, y, epochs=1, callbacks=[doctor, ask], **QUIET)
    assert [len(r.series["batch_loss"]) for r in seen] == [1, 2, 3, 4, 5]
    assert all(r.series["moved"].all() for r in seen)
    assert not doctor.report.record.events


def modules():
    """A model of torch modules: convolution, BatchNorm2d, whose statistics are buffers, and dropout."""
    import torch

    keras.utils.set_random_seed(7)
    inner = torch.nn.Sequential(
        torch.nn.Conv2d(1, 4, 3),
        torch.nn.BatchNorm2d(4),
        torch.nn.ReLU(),
        torch.nn.Flatten(),
        torch.nn.Dropout(0.2),
    )

    class Mixed(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = inner  # Keras wraps it
            self.outer = keras.layers.Dense(3)

        def call(self, x):
            return self.outer(self.inner(x))

    model = Mixed()
    model.compile(
        keras.optimizers.Adam(0.01),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


def pictures():
    rng = np.random.default_rng(1)
    return rng.normal(size=(48, 1, 8, 8)).astype("float32"), rng.integers(0, 3, 48)


def test_torch_modules_and_a_data_loader():
    """A shuffled DataLoader gives the same rows with us and without; buffers are those of the run without us."""
    import torch

    def fit(*callbacks):
        model, (x, y) = modules(), pictures()
        rows = torch.utils.data.TensorDataset(torch.tensor(x), torch.tensor(y))
        loader = torch.utils.data.DataLoader(rows, batch_size=16, shuffle=True)
        history = model.fit(loader, epochs=3, verbose=0, callbacks=list(callbacks))
        return model, history.history

    doctor = LossDoctor(backoff=True, trial_seconds=0, verbose=0)
    (bare, expected), (model, history) = fit(), fit(doctor)
    assert history == expected
    assert_same(state_of(model), state_of(bare))
    for (name, a), (_, b) in zip(
        model.inner.module.named_buffers(), bare.inner.module.named_buffers(), strict=True
    ):
        assert torch.equal(a, b), name
    record = doctor.report.record
    assert not record.events and (record.series["grad_norm"] > 0).all() and len(record.series["rows"]) == 9
    assert doctor._monitor.sample.x.shape == (48, 1, 8, 8)
    np.testing.assert_allclose(record.series["batch_loss"][-3:].mean(), history["loss"][-1], rtol=1e-5)


def test_an_optimizer_of_torch():
    """Where no optimizer of Keras is asked, loss and rows are told all the same."""
    import torch

    class Own(OwnStep):
        def train_step(self, data):
            x, y = data[:2]
            self.torch_optimizer.zero_grad()
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
            loss.backward()
            self.torch_optimizer.step()
            return {"loss": float(loss)}

    def build():
        keras.utils.set_random_seed(5)
        model = Own()
        model(np.zeros((1, 5), "float32"))
        model.compile()
        model.torch_optimizer = torch.optim.SGD([v.value for v in model.trainable_variables], lr=0.05)
        return model

    (x, y), model, doctor = data(), build(), LossDoctor(trial_seconds=0, verbose=0)
    bare, _ = plain(build)
    model.fit(x, y, epochs=2, callbacks=[doctor], **QUIET)
    for a, b in zip(model.get_weights(), bare.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    assert np.isfinite(doctor.report.record.series["batch_loss"]).all()


def test_torch_compile_is_said_in_one_sentence():
    """Nothing of ours in a step that is compiled: the fit goes on unwatched and unguarded."""
    from lossdoctor import backends

    model = dense(jit_compile=True)
    with pytest.raises(backends.UnsupportedBackend, match="jit_compile"):
        backends.current().watch_step(model, 1)
    assert "torch.compile" in backends.current().guard_obstacle(model)
