"""The lean train function against Keras's own: same weights, same history, same errors, bit for bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import pytest
import tensorflow as tf

from lossdoctor import LossDoctor
from lossdoctor.backends.tensorflow.train_function import lean

pytestmark = pytest.mark.fit

ROWS, BATCH = 70, 16  # a ragged last batch of 6
RNG = np.random.default_rng(0)
X = RNG.normal(size=(ROWS, 5)).astype("float32")
Y = (X[:, :1] > 0).astype("float32")


class OwnStep(keras.Model):
    """A train_step of the user's own, with a second loss value among the logs."""

    def train_step(self, data: Any) -> dict[str, Any]:
        x, y = data[:2]
        with tf.GradientTape() as tape:
            made = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=made)
        gradients = tape.gradient(loss, self.trainable_variables)
        self.optimizer.apply(gradients, self.trainable_variables)
        return {**self.compute_metrics(x, y, made), "loss": loss, "twice": 2 * loss}


def build(kind: type = keras.Model, **compiled: Any) -> keras.Model:
    keras.utils.set_random_seed(3)
    inputs = keras.Input((5,))
    hidden = keras.layers.Dropout(0.2)(keras.layers.Dense(8, "tanh")(inputs))
    hidden = keras.layers.BatchNormalization()(hidden)
    model = kind(inputs, keras.layers.Dense(1, "sigmoid")(hidden))
    model.compile(keras.optimizers.Adam(0.01), "binary_crossentropy", metrics=["mae"], **compiled)
    return model


class Replaces(keras.callbacks.Callback):
    """Puts the lean function in the place of Keras's, which must not be called any more."""

    def on_train_begin(self, logs: Any = None) -> None:
        def usual(iterator: Any) -> Any:
            raise AssertionError("Keras's own function was called")

        self.model.train_function = lean(self.model, usual)


def batches() -> Any:
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(BATCH)


def generated(*more: Any) -> Any:
    while True:
        for i in range(0, ROWS, BATCH):
            yield (X[i : i + BATCH], Y[i : i + BATCH], *more)


def arrays() -> dict[str, Any]:
    return {"x": X, "y": Y, "batch_size": BATCH}


DATA: dict[str, Callable[[], dict[str, Any]]] = {
    "ragged last batch": arrays,
    "unknown size": lambda: {"x": batches().filter(lambda x, y: True)},
    "endless dataset": lambda: {"x": batches().repeat(), "steps_per_epoch": 3},
    "dataset that ends too early": lambda: {"x": batches(), "steps_per_epoch": 4},
    "generator": lambda: {"x": generated(), "steps_per_epoch": 5},
    "a None part": lambda: {"x": generated(None), "steps_per_epoch": 5},
    "class weights": lambda: {**arrays(), "class_weight": {0: 0.2, 1: 3.0}},
    "sample weights": lambda: {**arrays(), "sample_weight": np.linspace(0, 2, ROWS)},
    "validation": lambda: {**arrays(), "validation_data": (X[:20], Y[:20])},
}
MODELS: dict[str, Callable[[], keras.Model]] = {
    "plain": build,
    "xla": lambda: build(jit_compile=True),
    "own train_step": lambda: build(OwnStep),
}


def trained(
    make: Callable[[], keras.Model], data: Callable[[], dict], *callbacks: Any, fits: int = 1
) -> tuple[list[np.ndarray], list[dict]]:
    model, history = make(), []
    for _ in range(fits):
        history.append(model.fit(**data(), epochs=2, verbose=0, callbacks=list(callbacks)).history)
    return [*model.get_weights(), *(v.numpy() for v in model.optimizer.variables)], history


def same(one: tuple[list[np.ndarray], list[dict]], other: tuple[list[np.ndarray], list[dict]]) -> None:
    assert one[1] == other[1]  # histories, to the last digit
    assert all(np.array_equal(a, b) for a, b in zip(one[0], other[0], strict=True))


@pytest.mark.filterwarnings("ignore:.*ran out of data")
@pytest.mark.parametrize("data", DATA)
def test_any_data(data):
    """Weights, moments of the optimizer and history are those of Keras's function."""
    same(trained(build, DATA[data], Replaces()), trained(build, DATA[data]))


@pytest.mark.parametrize("model", ["xla", "own train_step"])
def test_any_step(model):
    """Also compiled by XLA, and with a train_step of the user's own."""
    same(trained(MODELS[model], arrays, Replaces()), trained(MODELS[model], arrays))


@pytest.mark.parametrize("model", MODELS)
def test_a_second_fit(model):
    """A second fit goes on where the first ended, and Keras's function is back in its place after each watched one."""
    alone = trained(MODELS[model], arrays, fits=2)
    same(trained(MODELS[model], arrays, Replaces(), fits=2), alone)
    same(trained(MODELS[model], arrays, LossDoctor(trial_seconds=0, verbose=0), fits=2), alone)


def test_keras_function_is_back_after_the_fit():
    """Nothing of ours stays on the model."""
    model = build()
    model.fit(**arrays(), epochs=1, verbose=0)
    before = model.train_function
    model.fit(**arrays(), epochs=1, verbose=0, callbacks=[LossDoctor(trial_seconds=0, verbose=0)])
    assert model.train_function is before


def broken() -> dict[str, Any]:
    def rows() -> Any:
        for i, batch in enumerate(generated()):
            if i == 3:
                raise KeyError("row 48 is missing")
            yield batch

    return {"x": rows(), "steps_per_epoch": 5}


def unreadable() -> dict[str, Any]:
    checked = batches().map(
        lambda x, y: (tf.debugging.check_numerics(x / tf.cast(x < 1e9, "float32"), "bad"), y)
    )
    bad = tf.data.Dataset.from_tensors((np.full((BATCH, 5), np.nan, "float32"), Y[:BATCH]))
    return {"x": checked.concatenate(bad.map(lambda x, y: (tf.debugging.check_numerics(x, "bad row"), y)))}


@pytest.mark.parametrize("data", [broken, unreadable])
def test_an_exception_in_the_data(data):
    """It leaves fit as the same exception with the same text, after the same steps."""

    def attempt(*callbacks: Any) -> tuple[list[np.ndarray], list[dict]]:
        model = build()
        with pytest.raises(Exception, match="row") as caught:
            model.fit(**data(), epochs=2, verbose=0, callbacks=list(callbacks))
        lines = [line for line in str(caught.value).splitlines() if "row" in line]
        return model.get_weights(), [{"kind": type(caught.value).__name__, "says": "row" in lines[0]}]

    same(attempt(Replaces()), attempt())


def test_unlike_batches_are_traced_anew():
    """Batches of other lengths and of another dtype are no error."""
    parts = [(X[:7], Y[:7]), (X[:9], Y[:9]), (X[:9].astype("float64"), Y[:9])]

    def data() -> dict[str, Any]:
        return {"x": (part for part in parts * 2), "steps_per_epoch": 3}

    same(trained(build, data, Replaces()), trained(build, data))


class OwnFunction(keras.Model):
    """A model that makes its train function itself."""

    def make_train_function(self, force: bool = False) -> Any:
        def train_function(iterator: Any) -> dict[str, Any]:
            return {**self.train_step(next(iterator)), "mine": 1.0}

        self.train_function = train_function
        return train_function


def under_strategy() -> keras.Model:
    with tf.distribute.OneDeviceStrategy("/cpu:0").scope():
        return build()


@pytest.mark.parametrize(
    "make",
    [
        lambda: build(run_eagerly=True),
        lambda: build(steps_per_execution=3),
        under_strategy,
        lambda: build(OwnFunction),
    ],
    ids=["eager", "three steps an execution", "strategy", "own train function"],
)
def test_where_only_keras_function_will_do(make):
    """Run eagerly, with several steps an execution, under a strategy or of the user's own, it stays as it is."""

    def usual(iterator: Any) -> Any:
        return None

    assert lean(make(), usual) is usual


def test_a_train_function_of_the_users_own_is_called_when_watched():
    """What the user's function adds to the logs is in the history of a watched fit too."""
    doctor = LossDoctor(trial_seconds=0, verbose=0)
    history = build(OwnFunction).fit(**arrays(), epochs=1, verbose=0, callbacks=[doctor]).history
    assert history["mine"] == [1.0]
