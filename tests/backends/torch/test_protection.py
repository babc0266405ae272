"""The guard, the factor on the rate and the snapshots of the PyTorch backend, by fits that are compared bit for bit."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from torch_runs import BATCH, QUIET, assert_same, data, dense, left_by, noisy, state_of

from lossdoctor import LRBackoff, backends

pytestmark = pytest.mark.fit


class Protected(keras.callbacks.Callback):
    """Protects a fit and does at each batch what it is told, as Rescue would."""

    def __init__(self, at=None, **settings):
        super().__init__()
        self.at, self.rows, self.told = at or {}, [], None
        self.settings = {"steps": 1, "limit": True, "snapshots": 3, "folder": None} | settings

    def on_train_begin(self, logs=None):
        self.protection = backends.current().protect(self._model, **self.settings)

    def on_train_batch_begin(self, batch, logs=None):
        self.protection.begin(0)
        self.at.get(batch, lambda protection: None)(self.protection)

    def on_epoch_end(self, epoch, logs=None):
        self.rows.append(self.protection.flush())

    def on_train_end(self, logs=None):
        self.told = self.protection.stop(self.settings.get("scale", 1.0))


def fit(build, x, y, *callbacks, epochs=1, **compile_arguments):
    model = build(**compile_arguments)
    history = model.fit(x, y, epochs=epochs, callbacks=list(callbacks), **QUIET)
    return model, history


@pytest.mark.parametrize("build", [dense, noisy, lambda: noisy(seed=None)])
def test_a_guard_that_finds_nothing_changes_nothing(build):
    """Weights, statistics, seeds, slots, metrics and history are those of the fit without us."""
    x, y = data()
    bare, expected = fit(build, x, y, epochs=3)
    guarded, history = fit(build, x, y, LRBackoff(verbose=0), epochs=3)
    assert_same(state_of(guarded), state_of(bare))
    assert history.history == expected.history


def unseeded(**compile_arguments):
    """Its dropout draws from torch's own generator."""
    return noisy(seed=None, **compile_arguments)


@pytest.mark.parametrize("build", [dense, noisy, unseeded])
def test_a_bad_batch_leaves_no_trace(build):
    """A NaN in the third batch: all state is as if that batch had not been among the data."""
    x, y = data()
    spoiled, whole = y.copy(), np.delete(np.arange(len(x)), np.arange(32, 48))
    spoiled[40] = np.nan
    protected = Protected()
    guarded, history = fit(build, x, spoiled, protected)
    without, expected = fit(build, x[whole], y[whole])
    assert_same(state_of(guarded), state_of(without))
    assert history.history == expected.history
    rows = protected.rows[0]
    assert list(rows[:, 2]) == [1, 1, 0, 1, 1] and np.isnan(rows[2, 0])


def test_a_norm_beyond_the_limit_is_skipped():
    """And below 0 all of them are."""
    x, y = data()
    free = Protected()
    fit(dense, x, y, free)
    norms = free.rows[0][:, 1]
    limit = float(np.sort(norms)[-2])
    bounded = Protected({0: lambda p: p.set_limit(limit)})
    fit(dense, x, y, bounded)
    assert 0 in bounded.rows[0][:, 2] and (bounded.rows[0][:, 1][bounded.rows[0][:, 2] == 0] > limit).all()
    closed = Protected({0: lambda p: p.set_limit(-1.0)})
    model, _ = fit(dense, x, y, closed)
    assert_same(state_of(model)[:4], state_of(dense())[:4])


@pytest.mark.parametrize("folder", [False, True])
@pytest.mark.parametrize("build", [dense, noisy])
def test_going_back_puts_everything_back(build, folder, tmp_path):
    """Back to the state after two steps, before the last: all is as if the steps between had not been."""
    x, y = data()
    at = {2: lambda p: p.take_snapshot(2), 4: lambda p: p.restore(3)}
    protected = Protected(at, folder=tmp_path if folder else None)
    model, history = fit(build, x, y, protected)
    order = np.r_[0:32, 64:70]

    class Resets(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 2:
                self.model.reset_metrics()

    # The same three batches, where the metrics start anew at the same place.
    class Batches(keras.utils.PyDataset):
        def __len__(self):
            return 3

        def __getitem__(self, i):
            rows = (order[:16], order[16:32], order[32:])[i]
            return x[rows], y[rows]

    other = build()
    expected = other.fit(Batches(), epochs=1, callbacks=[Resets()], verbose=0, shuffle=False)
    assert_same(state_of(model), state_of(other))
    assert history.history == expected.history
    assert not list(tmp_path.iterdir())


def test_the_factor_is_that_of_a_lower_rate():
    """Bit for bit the fit with that rate, and the user's rate stays what it is."""
    x, y = data()
    seen = []

    def build():
        return dense(keras.optimizers.SGD(0.1, momentum=0.5))

    def lower(protection):
        protection.set_scale(0.5)
        seen.append(protection.user_rate)

    class Lower(keras.callbacks.Callback):
        def on_train_batch_begin(self, batch, logs=None):
            if batch == 1:
                self.model.optimizer.learning_rate = 0.05

    model, _ = fit(build, x[:64], y[:64], Protected({1: lower}))
    other, _ = fit(build, x[:64], y[:64], Lower())
    weights = len(model.weights)
    assert_same(state_of(model)[:weights], state_of(other)[:weights])
    assert seen == [pytest.approx(0.1)] and float(model.optimizer.learning_rate) == pytest.approx(0.1)


def test_a_constant_rate_keeps_the_factor_and_a_schedule_cannot():
    x, y = data()

    class Leaves(Protected):
        def on_train_end(self, logs=None):
            self.told = self.protection.stop(0.5)

    constant, schedule = Leaves(), Leaves()
    model, _ = fit(dense, x, y, constant)
    assert constant.told and float(model.optimizer.learning_rate) == pytest.approx(0.05)
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9)
    fit(lambda: dense(keras.optimizers.SGD(decay)), x, y, schedule)
    assert not schedule.told and schedule.protection.scheduled


def test_the_rate_of_a_schedule_is_read_within_an_epoch():
    decay = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)
    rates = []
    at = {i: lambda p: rates.append(p.user_rate) for i in range(5)}
    fit(lambda: dense(keras.optimizers.SGD(decay)), *data(), Protected(at))
    np.testing.assert_allclose(rates, 0.1 * 0.5 ** np.arange(5), rtol=1e-5)


def scaled():
    return noisy(keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01), initial_scale=2.0**20))


def test_loss_scaling_finds_its_own_level_under_the_guard():
    """A scale that is too high is lowered as without us, and is not told as a bad step."""
    keras.config.set_dtype_policy("mixed_float16")
    try:
        x, y = data()
        bare, _ = fit(scaled, x, y, epochs=2)
        protected = Protected()
        model, _ = fit(scaled, x, y, protected, epochs=2)
        spoiled = x.copy()
        spoiled[40] = np.nan
        poisoned = Protected()
        after, _ = fit(scaled, spoiled, y, poisoned, epochs=2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert_same(state_of(model), state_of(bare))
    assert protected.rows[0][0, 1] == -1.0 and (np.concatenate(protected.rows)[:, 2] == 1).all()
    assert list(poisoned.rows[0][:, 2]) == [1, 1, 0, 1, 1]
    assert all(np.isfinite(w).all() for w in after.get_weights())


def test_a_diverging_run_is_saved():
    """A rate far too high: LRBackoff goes back, lowers it, and the run ends well below where it began."""
    x, y = data()
    backoff = LRBackoff(verbose=0)
    model, history = fit(lambda: dense(keras.optimizers.SGD(2.0)), x, y, backoff, epochs=12)
    losses = history.history["loss"]
    assert backoff.events and backoff.scale < 1.0
    assert np.isfinite(losses).all() and losses[-1] < 3.0
    assert np.isfinite(model.evaluate(x, y, verbose=0))


def test_an_exception_leaves_the_model_usable_and_free():
    x, y = data()

    class Raises(keras.callbacks.Callback):
        def on_train_batch_end(self, batch, logs=None):
            if batch == 3:
                raise KeyboardInterrupt

    model = dense()
    left_by(KeyboardInterrupt, model, x, y, epochs=1, callbacks=[LRBackoff(verbose=0), Raises()], **QUIET)
    held = [
        n
        for owner in (model, model.optimizer)
        for n in vars(owner)
        if n in ("compute_loss", "train_step", "apply")
    ]
    assert not held and "_get_current_learning_rate" not in vars(model.optimizer)
    assert np.isfinite(model.predict(x, verbose=0)).all()
    assert BATCH == 16


def test_buffers_of_torch_modules_are_put_back():
    """After a bad batch and after a rollback BatchNorm2d's statistics are those of before."""
    import torch

    x = np.random.default_rng(0).normal(size=(48, 1, 4, 4)).astype("float32")
    y = np.zeros((48, 1), "float32")

    def build():
        keras.utils.set_random_seed(2)
        layers = [torch.nn.BatchNorm2d(1), torch.nn.Flatten(), torch.nn.Linear(16, 1)]
        model = keras.Sequential([keras.layers.TorchModuleWrapper(layer) for layer in layers])
        model.compile(keras.optimizers.Adam(0.01), "mse")
        return model

    def buffers(model):
        return [keras.ops.convert_to_numpy(b) for b in model.layers[0].module.buffers()]

    spoiled = x.copy()
    spoiled[20] = np.nan
    back = Protected({2: lambda p: p.restore(0)})
    skipped, _ = fit(build, spoiled, y, Protected())
    restored, _ = fit(build, np.concatenate([x[16:], x[:16]]), y, back)
    kept = np.r_[0:16, 32:48]
    without, _ = fit(build, x[kept], y[kept])
    first, _ = fit(build, x[:16], y[:16])
    for one, other in ((skipped, without), (restored, first)):
        assert_same(state_of(one), state_of(other))
        for a, b in zip(buffers(one), buffers(other), strict=True):
            np.testing.assert_array_equal(a, b)
