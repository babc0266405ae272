"""LRBackoff in real fits: what healthy runs keep, what bad batches cannot do, what a hot run becomes."""

from __future__ import annotations

import copy
import gc
import math

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from keras import layers  # noqa: E402
from versions import OLD_KERAS  # noqa: E402

from lossdoctor.callbacks.lr_backoff import LRBackoff, TrainingDiverged  # noqa: E402

pytestmark = pytest.mark.fit

DICE = np.random.default_rng(0)
X = DICE.normal(size=(96, 6)).astype("float32")
Y = (X[:, :1] - 2 * X[:, 1:2] + 0.1 * DICE.normal(size=(96, 1))).astype("float32")
BATCH = 8


def net(optimizer=None, *, norm=True, inputs=None, seed=1, **compile_):
    keras.utils.set_random_seed(seed)
    middle = [layers.BatchNormalization(), layers.Dropout(0.1)] if norm else []
    model = keras.Sequential(
        [keras.Input((6,)), *(inputs or []), layers.Dense(8, activation="relu"), *middle, layers.Dense(1)]
    )
    model.compile(optimizer or keras.optimizers.Adam(0.01), "mse", metrics=["mae"], **compile_)
    return model


def fit(model, x=X, y=Y, callbacks=(), epochs=2, **more):
    settings = {"batch_size": BATCH, "verbose": 0, "shuffle": False} | more
    return model.fit(x, y, epochs=epochs, callbacks=list(callbacks), **settings)


def state(model):
    """Weights, statistics, seeds and slots."""
    variables = [*model.trainable_variables, *model.non_trainable_variables, *model.optimizer.variables]
    return [np.asarray(v.numpy()) for v in variables]


def same(a, b):
    return all(np.array_equal(u, v) for u, v in zip(a, b, strict=True))


def as_compiled(name):
    """Returns how results are compared: XLA of TensorFlow 2.16 rounds otherwise once a gradient is looked at."""
    return near if OLD_KERAS and "xla" in name else same


def near(a, b):
    return all(np.allclose(u, v, rtol=1e-5, atol=1e-6) for u, v in zip(a, b, strict=True))


HEALTHY = {
    "graph": {},
    "xla": {"jit_compile": True, "norm": False},
    "eager": {"run_eagerly": True},
    "several steps an execution": {"steps_per_execution": 5},
    "momentum": {"optimizer": lambda: keras.optimizers.SGD(0.01, momentum=0.9), "norm": False},
    "xla, AdamW and clipping": {
        "optimizer": lambda: keras.optimizers.AdamW(0.01, clipnorm=1.0),
        "jit_compile": True,
        "norm": False,
    },
    "average of weights": {"optimizer": lambda: keras.optimizers.Adam(0.01, use_ema=True)},
    "accumulation": {"optimizer": lambda: keras.optimizers.Adam(0.01, gradient_accumulation_steps=3)},
    "a schedule": {
        "optimizer": lambda: keras.optimizers.RMSprop(keras.optimizers.schedules.CosineDecay(0.01, 24))
    },
    "loss scaling": {"optimizer": lambda: keras.optimizers.LossScaleOptimizer(keras.optimizers.Adam(0.01))},
}

if OLD_KERAS:  # Keras 3.3 itself counts steps, in `iterations`, for which the data had no batch left
    HEALTHY.pop("several steps an execution")


def made(settings):
    settings = dict(settings)
    make = settings.pop("optimizer", None)
    return net(make and make(), **settings)


@pytest.mark.parametrize("name", HEALTHY)
def test_a_healthy_run_is_the_same_bit_for_bit(name):
    """Weights, statistics, seeds, slots and history are those of the same fit without the callback."""
    plain, watched, backoff = made(HEALTHY[name]), made(HEALTHY[name]), LRBackoff()
    expected, got = fit(plain), fit(watched, callbacks=[backoff])
    assert backoff.events == []
    alike = as_compiled(name)
    assert alike(state(plain), state(watched))
    assert alike([*expected.history.values()], [*got.history.values()])


ROUNDED = {
    "xla and batch normalization": {"jit_compile": True},
    "momentum and batch normalization": {"optimizer": lambda: keras.optimizers.SGD(0.01, momentum=0.9)},
}


@pytest.mark.parametrize("name", ROUNDED)
def test_where_the_compiler_rounds_otherwise_it_is_in_the_last_bits(name):
    """XLA and Grappler fuse and reorder differently once anything looks at a gradient: no action, last bits only."""
    plain, watched, backoff = made(ROUNDED[name]), made(ROUNDED[name]), LRBackoff()
    fit(plain)
    fit(watched, callbacks=[backoff])
    assert backoff.events == []
    for a, b in zip(state(plain), state(watched), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-6)


def poisoned(bad):
    """X with one whole batch of `bad` put in after the third."""
    at = 3 * BATCH
    x = np.concatenate([X[:at], np.full((BATCH, 6), bad, "float32"), X[at:]])
    return x, np.concatenate([Y[:at], Y[:BATCH], Y[at:]])


SKIPPING = {k: v for k, v in HEALTHY.items() if k not in ("accumulation",)} | {
    "xla and loss scaling": {"optimizer": HEALTHY["loss scaling"]["optimizer"], "jit_compile": True},
    "Lion": {"optimizer": lambda: keras.optimizers.Lion(0.001)},
    "Adafactor": {"optimizer": lambda: keras.optimizers.Adafactor(0.01)},
    "accumulation": HEALTHY["accumulation"],
}


@pytest.mark.parametrize("bad", [math.nan, math.inf, 1e30])
@pytest.mark.parametrize("name", SKIPPING)
def test_a_bad_batch_changes_nothing(name, bad):
    """A fit with one bad batch ends where the fit without that batch ends: weights, slots and statistics."""
    settings = SKIPPING[name]
    without, withit, backoff = made(settings), made(settings), LRBackoff(verbose=0)
    for model in (without, withit):  # dropout draws once more for the batch that is skipped
        for layer in model.layers:
            if isinstance(layer, layers.Dropout):
                layer.rate = 0.0
    fit(without, epochs=1)
    x, y = poisoned(bad)
    history = fit(withit, x, y, [backoff], epochs=1)
    if "loss scaling" not in name or not math.isfinite(bad):  # which skips what is finite itself
        assert [e.kind for e in backoff.events] == ["skip"]
    assert backoff.scale == 1.0
    ours, theirs = (m.get_weights() for m in (withit, without))
    assert as_compiled(name)(ours, theirs)
    slots = [
        [v.numpy() for v in getattr(m.optimizer, "inner_optimizer", m.optimizer).variables]
        for m in (withit, without)
    ]
    assert as_compiled(name)(*slots)
    assert np.isfinite(history.history["loss"]).all()


class TwoLosses(keras.Model):
    """A custom train_step that calls compute_loss and apply_gradients itself."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x):
        return self.dense(x)

    def train_step(self, data):
        import tensorflow as tf

        x, y = data
        with tf.GradientTape() as tape:
            loss = self.compute_loss(y=y, y_pred=self(x, training=True))
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply_gradients(zip(gradients, self.trainable_variables, strict=True))
        return {"loss": loss}


def test_a_custom_train_step_is_guarded_too():
    """The guard sits around the optimizer, whoever calls it."""
    keras.utils.set_random_seed(0)
    model, backoff = TwoLosses(), LRBackoff(verbose=0)
    model.compile(keras.optimizers.Adam(0.01), "mse")
    x, y = poisoned(math.nan)
    fit(model, x, y, [backoff])
    assert [e.kind for e in backoff.events] == ["skip", "skip"]
    assert all(np.isfinite(v).all() for v in state(model))


def test_slots_go_back_to_the_values_they_began_with_also_under_a_custom_train_step():
    """Adagrad's begin at 0.1: a run that has only bad batches leaves them there."""
    model, backoff = TwoLosses(), LRBackoff(verbose=0, max_backoffs=1)
    model.build((None, 6))
    model.compile(keras.optimizers.Adagrad(0.01, initial_accumulator_value=0.1), "mse")
    x = X.copy()
    x[2 * BATCH :] = math.nan  # two good batches, which move the slots, then none
    fit(model, x, callbacks=[backoff])
    assert "stop" in [e.kind for e in backoff.events]
    slots = [v.numpy() for v in model.optimizer.variables if "accumulator" in v.path]
    assert len(slots) == 2
    assert all((slot >= np.float32(0.1)).all() for slot in slots)


def test_sparse_gradients_of_an_embedding_are_guarded():
    """IndexedSlices are measured and skipped like any other gradient."""
    keras.utils.set_random_seed(0)
    model = keras.Sequential([keras.Input((4,)), layers.Embedding(20, 3), layers.Flatten(), layers.Dense(1)])
    model.compile("adam", "mse")
    x = DICE.integers(0, 20, size=(64, 4))
    y = np.where(np.arange(64) // 8 == 2, np.nan, 1.0).astype("float32")
    backoff = LRBackoff(verbose=0)
    fit(model, x, y, [backoff], epochs=1)
    assert [e.kind for e in backoff.events] == ["skip"]
    assert all(np.isfinite(v).all() for v in state(model))


@pytest.mark.parametrize("jit", [False, True])
@pytest.mark.parametrize(
    "make", [lambda r: keras.optimizers.SGD(r, momentum=0.9), keras.optimizers.Adam], ids=["momentum", "Adam"]
)
def test_a_run_far_too_hot_saves_itself(make, jit):
    """At a rate that wrecks the plain run the guarded one ends far below the trivial loss."""
    plain = net(make(30.0), norm=False, jit_compile=jit)
    fit(plain, epochs=15)
    assert not plain.evaluate(X, Y, verbose=0)[0] < np.var(Y)
    model, backoff = net(make(30.0), norm=False, jit_compile=jit), LRBackoff(verbose=0)
    fit(model, epochs=15, callbacks=[backoff])
    assert model.evaluate(X, Y, verbose=0)[0] < np.var(Y)
    assert backoff.scale < 1.0
    assert "backoff" in {e.kind for e in backoff.events}
    assert all(np.isfinite(v).all() for v in state(model))
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(30.0 * backoff.scale, rel=1e-5)


def test_a_rollback_restores_all_but_the_rate():
    """Weights, slots, statistics and seeds come back bit for bit, more than once; the cut of the rate stays."""
    from lossdoctor.backends.tensorflow.snapshots import Snapshots

    model = net(keras.optimizers.Adam(0.5), jit_compile=True)
    model.optimizer.build(model.trainable_variables)
    before = state(model)
    rate = next(i for i, v in enumerate(model.optimizer.variables) if v is model.optimizer._learning_rate)
    del before[len(model.trainable_variables) + len(model.non_trainable_variables) + rate]
    snapshots = Snapshots(model, 3)
    snapshots.take(0)
    for _ in range(3):
        fit(model, epochs=1)
        model.optimizer.learning_rate = 0.25
        assert snapshots.restore(5) == 0
        after = state(model)
        assert (
            float(after.pop(len(model.trainable_variables) + len(model.non_trainable_variables) + rate))
            == 0.25
        )
        assert same(before, after)


def test_snapshots_on_disk_do_the_same(tmp_path):
    """With snapshot_dir the run is saved from files, and none is left behind."""
    model = net(keras.optimizers.SGD(30.0), norm=False)
    fit(model, callbacks=[LRBackoff(verbose=0, snapshot_dir=tmp_path)], epochs=10)
    assert model.evaluate(X, Y, verbose=0)[0] < np.var(Y)
    assert list(tmp_path.iterdir()) == []


def test_a_schedule_is_scaled_and_saved_as_it_was(tmp_path):
    """The factor sits on top of a schedule: the config is untouched, the file loads as the original schedule."""
    schedule = keras.optimizers.schedules.ExponentialDecay(30.0, 50, 0.9)
    model, backoff = net(keras.optimizers.SGD(schedule), norm=False), LRBackoff(verbose=0)
    config = model.optimizer.get_config()
    saver = keras.callbacks.ModelCheckpoint(tmp_path / "mid.keras")
    fit(model, epochs=10, callbacks=[backoff, saver])
    assert model.evaluate(X, Y, verbose=0)[0] < np.var(Y)
    assert model.optimizer.get_config() == config
    loaded = keras.models.load_model(tmp_path / "mid.keras")
    assert loaded.optimizer.get_config() == config
    assert len(loaded.optimizer.variables) == len(model.optimizer.variables)
    scale = backoff.scale
    assert scale < 1.0
    fit(model, epochs=1, callbacks=[backoff])  # a schedule cannot keep a lower rate: the callback does
    assert backoff.scale == scale
    assert backoff.events == []


# When nothing helps


def test_when_every_batch_is_bad_it_stops_with_good_weights():
    """NaN in all of x: training ends after max_backoffs cuts, the weights are the initial ones, the reason is said."""
    model, backoff = net(), LRBackoff(max_backoffs=3, verbose=0)
    before = model.get_weights()
    history = fit(model, np.full_like(X, np.nan), Y, [backoff], epochs=5)
    assert same(before, model.get_weights())
    assert backoff.events[-1].kind == "stop"
    assert "look for NaN in x and y" in backoff.events[-1].text
    assert len(history.history["loss"]) < 5


def test_it_can_raise_for_a_tuner():
    """on_exhausted="raise" leaves fit by an exception that a tuner can turn into a failed trial; the model is clean."""
    model, backoff = net(), LRBackoff(max_backoffs=1, on_exhausted="raise", verbose=0)
    with pytest.raises(TrainingDiverged, match="max_backoffs=1"):
        fit(model, np.full_like(X, np.nan), Y, [backoff])
    assert_clean(model)


def assert_clean(model):
    """Nothing of ours is left on the model or its optimizer."""
    assert not {"train_step", "test_step", "compute_loss"} & set(vars(model))
    assert not {"apply", "_get_current_learning_rate"} & set(vars(model.optimizer))


class Breaks(keras.callbacks.Callback):
    def on_train_batch_end(self, batch, logs=None):
        if batch == 4:
            raise RuntimeError("not ours")


def test_an_exception_in_another_callback_leaves_a_clean_model(tmp_path):
    """Keras calls no hook then; the model trains, saves and loads all the same."""
    model = net()
    with pytest.raises(RuntimeError, match="not ours"):
        fit(model, callbacks=[LRBackoff(verbose=0), Breaks()])
    gc.collect()  # pytest lets go of the exception, and so of fit's frame
    assert_clean(model)
    fit(model)
    model.save(tmp_path / "m.keras")
    keras.models.load_model(tmp_path / "m.keras")


# Beside other callbacks


def test_reduce_lr_on_plateau_beside_it_works_on_the_users_rate():
    """Another writer reads and writes the user's rate, our factor is not applied twice, and it is said once."""
    model = net(keras.optimizers.SGD(30.0), norm=False)
    backoff = LRBackoff(verbose=0, settle=0.0, recover_after=None)
    plateau = keras.callbacks.ReduceLROnPlateau("loss", factor=0.5, patience=1, min_delta=100.0)
    fit(model, epochs=6, callbacks=[backoff, plateau])
    notices = [e for e in backoff.events if e.kind == "other-writer"]
    assert len(notices) == 1
    assert "multiplies" in notices[0].text
    halvings = math.log2(30.0 * backoff.scale / float(model.optimizer.learning_rate.numpy()))
    assert 1 <= round(halvings) <= 5
    assert halvings == pytest.approx(round(halvings), abs=1e-4)


def test_it_can_yield_to_another_writer():
    """on_other_writer="yield": from the moment that another callback sets the rate, it is used as it is."""
    model = net(keras.optimizers.SGD(30.0), norm=False)
    backoff = LRBackoff(verbose=0, on_other_writer="yield", settle=0.0, recover_after=None)
    fit(
        model,
        epochs=8,
        callbacks=[backoff, keras.callbacks.LearningRateScheduler(lambda e: 30.0 if e < 5 else 0.01)],
    )
    assert backoff.scale == 1.0
    assert float(model.optimizer.learning_rate.numpy()) == pytest.approx(0.01)
    assert model.evaluate(X, Y, verbose=0)[0] < np.var(Y)


def test_a_copy_for_a_tuner_starts_afresh():
    """Deep copies hold no model and no history; the same object can serve a second fit."""
    backoff = LRBackoff(verbose=0)
    fit(net(keras.optimizers.SGD(30.0), norm=False), callbacks=[backoff])
    twin = copy.deepcopy(backoff)
    assert (twin.events, twin.scale) == ([], 1.0)
    model = net()
    fit(model, callbacks=[twin])
    fit(model, callbacks=[backoff])
    assert backoff.events == []


def test_each_action_is_one_line_and_verbose_0_is_silent(capsys):
    """The line names epoch, step, what was seen, both rates and the steps lost."""
    fit(net(keras.optimizers.SGD(30.0), norm=False), callbacks=[LRBackoff(verbose=1)])
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("LRBackoff: backoff")]
    assert lines
    assert all(
        word in lines[0] for word in ("epoch 1", "step ", "learning rate 30 to 3", "back to the weights")
    )
    fit(net(keras.optimizers.SGD(30.0), norm=False), callbacks=[LRBackoff(verbose=0)])
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("factor", 1.5), ("patience", -1), ("monitor", ()), ("monitor", "val_loss"), ("on_exhausted", "cry"),
        ("on_other_writer", "fight"), ("snapshots", 1), ("skip_batches", -1), ("check_every", 0), ("verbose", 7),
    ],
)  # fmt: skip
def test_bad_arguments_are_refused_before_training(argument, value):
    """ValueError names the argument and what came."""
    with pytest.raises(ValueError, match=argument) as caught:
        LRBackoff(**{argument: value})
    assert repr(value) in str(caught.value)


def test_poisoned_batches_can_be_passed_over():
    """With skip_batches=5 the five batches after a rollback make no update."""
    model = net(keras.optimizers.SGD(30.0), norm=False)
    backoff = LRBackoff(verbose=0, skip_batches=5)
    fit(model, callbacks=[backoff], epochs=10)
    assert "backoff" in {e.kind for e in backoff.events}
    assert all(np.isfinite(v).all() for v in state(model))
    assert model.evaluate(X, Y, verbose=0)[0] < np.var(Y)


def on_digits(rate, callbacks, seed):
    """A deep net on the digits, 15 epochs. Returns the training loss at the end, and those of the epochs."""
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_digits(return_X_y=True)
    x = ((x - x.mean(0)) / (x.std(0) + 1e-9)).astype("float32")
    keras.utils.set_random_seed(seed)
    hidden = [layers.Dense(48, activation="relu") for _ in range(4)]
    model = keras.Sequential([keras.Input((64,)), *hidden, layers.Dense(10, activation="softmax")])
    model.compile(keras.optimizers.Adam(rate), "sparse_categorical_crossentropy")
    history = model.fit(x, y, epochs=15, batch_size=64, verbose=0, callbacks=callbacks)
    return model.evaluate(x, y, verbose=0), history.history["loss"]


def climbs(backoff):
    return [e for e in backoff.events if "the mean loss went from" in e.text]


def test_a_run_that_learns_and_then_climbs_away_without_blowing_up_is_saved():
    """Adam at ten times a good rate: where it goes back, at least once in three seeds, the loss more than halves."""
    saved = 0
    for seed in range(3):
        backoff = LRBackoff(verbose=0)
        with_it, without = on_digits(0.065, [backoff], seed)[0], on_digits(0.065, [], seed)[0]
        saved += any(e.kind == "backoff" for e in climbs(backoff)) and with_it < without / 2
    assert saved >= 1


def test_a_climb_that_the_users_own_schedule_brings_is_left_alone():
    """The rate goes up in the middle, as under cyclical rates, and the loss with it: that is the user's will."""
    backoff = LRBackoff(verbose=0)
    up = keras.callbacks.LearningRateScheduler(lambda epoch: 0.003 if epoch < 8 else 0.03)
    _, losses = on_digits(0.003, [backoff, up], 0)
    assert losses[8] > losses[7] + 0.25 * (math.log(10) - losses[7])  # else this test would tell nothing
    assert climbs(backoff) == []
