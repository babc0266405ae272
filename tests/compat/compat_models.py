"""The models of the compatibility table: small, seeded, one of each way to write a model."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
import tensorflow as tf
from keras import layers

RNG = np.random.default_rng(0)
ROWS, SIZE = 70, 16  # a ragged last batch of 6
X = RNG.normal(size=(ROWS, 4)).astype("float32")
Y = (X[:, :1] * X[:, 1:2] + 0.5).astype("float32")
C = (X[:, 0] > 0).astype("int64") + (X[:, 1] > 0)  # three classes


def compiled(
    make: Callable[[], Any], optimizer: Any = None, loss: Any = "mse", **arguments: Any
) -> Callable[[], Any]:
    """Returns a builder of the seeded, compiled model; `optimizer` is made afresh for each."""

    def build() -> Any:
        keras.utils.set_random_seed(3)
        model = make()
        made = optimizer() if callable(optimizer) else optimizer or keras.optimizers.SGD(0.05, momentum=0.5)
        model.compile(made, loss, **arguments)
        return model

    return build


def sequential(*middle: Any, units: int = 1, activation: str | None = None) -> Any:
    inside = middle or (layers.Dense(6, activation="tanh"),)
    return keras.Sequential([keras.Input((4,)), *inside, layers.Dense(units, activation=activation)])


def functional() -> Any:
    x = keras.Input((4,))
    h = layers.Dense(6, activation="relu", kernel_regularizer="l2")(x)
    return keras.Model(x, layers.Dense(1)(layers.Concatenate()([h, x])))


class Subclassed(keras.Model):
    def __init__(self) -> None:
        super().__init__()
        self.hidden, self.out = layers.Dense(6, activation="relu"), layers.Dense(1)

    def call(self, x: Any, training: bool | None = None) -> Any:
        return self.out(self.hidden(x))


def two_in_two_out() -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    h = layers.Dense(6, activation="tanh")(layers.Add()([layers.Dense(5)(a), layers.Dense(5)(b)]))
    return keras.Model(
        [a, b], [layers.Dense(1, name="value")(h), layers.Dense(3, activation="softmax", name="kind")(h)]
    )


def dicts() -> Any:
    a, b = keras.Input((4,), name="a"), keras.Input((4,), name="b")
    h = layers.Concatenate()([layers.Dense(5, activation="relu")(a), layers.Dense(5)(b)])
    outputs = {
        "value": layers.Dense(1, name="value")(h),
        "kind": layers.Dense(3, activation="softmax", name="kind")(h),
    }
    return keras.Model({"a": a, "b": b}, outputs)


def nested() -> Any:
    inner = keras.Sequential(
        [keras.Input((6,)), layers.Dense(5, activation="relu"), layers.Dense(4)], name="inner"
    )
    x = keras.Input((4,))
    return keras.Model(x, layers.Dense(1)(inner(layers.Dense(6)(x))))


def shared() -> Any:
    x, twice = keras.Input((4,)), layers.Dense(4, activation="tanh")
    return keras.Model(x, layers.Dense(1)(twice(twice(x))))


def frozen() -> Any:
    model = sequential(layers.Dense(6, activation="relu"), layers.Dense(5))
    model.layers[0].trainable = False
    return model


class AddsLoss(layers.Layer):
    def call(self, x: Any) -> Any:
        self.add_loss(0.1 * keras.ops.mean(keras.ops.square(x)))
        return x


class OwnLoss(Subclassed):
    """compute_loss overridden as Keras documents it."""

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        return super().compute_loss(x, y, y_pred, sample_weight) * 2.0 + keras.ops.mean(y_pred) ** 2


class OwnLossWithoutTraining(Subclassed):
    """compute_loss overridden as it was documented before there was `training`."""

    def compute_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any) -> Any:
        return keras.ops.mean(keras.ops.abs(y - y_pred))


class StepWithComputeLoss(Subclassed):
    def train_step(self, data: Any) -> Any:
        x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(data)
        with tf.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(x=x, y=y, y_pred=y_pred, sample_weight=sample_weight)
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights, strict=True)
        )
        return {"loss": loss}


class StepOfItsOwn(Subclassed):
    """As in Keras's guide: neither compute_loss nor the tracker of Keras; a metric of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = keras.metrics.Mean(name="loss")

    @property
    def metrics(self) -> list[Any]:
        return [self.seen]

    def train_step(self, data: Any) -> Any:
        x, y = data
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(tf.square(self(x, training=True) - y))
        self.optimizer.apply_gradients(
            zip(tape.gradient(loss, self.trainable_weights), self.trainable_weights, strict=True)
        )
        self.seen.update_state(loss)
        return {"loss": self.seen.result()}


class Gan(keras.Model):
    """Two networks, two optimizers, no loss by that name."""

    def __init__(self) -> None:
        super().__init__()
        self.generator = keras.Sequential([keras.Input((2,)), layers.Dense(4)])
        self.critic = keras.Sequential(
            [keras.Input((4,)), layers.Dense(3, activation="relu"), layers.Dense(1)]
        )

    def compile(self, d_optimizer: Any, g_optimizer: Any) -> None:
        super().compile()
        self.d_optimizer, self.g_optimizer = d_optimizer, g_optimizer

    def train_step(self, real: Any) -> Any:
        noise = tf.ones((tf.shape(real)[0], 2))
        with tf.GradientTape(persistent=True) as tape:
            fake = self.critic(self.generator(noise))
            d_loss = tf.reduce_mean(tf.nn.softplus(-self.critic(real)) + tf.nn.softplus(fake))
            g_loss = tf.reduce_mean(tf.nn.softplus(-fake))
        for part, loss, optimizer in (
            (self.critic, d_loss, self.d_optimizer),
            (self.generator, g_loss, self.g_optimizer),
        ):
            weights = part.trainable_weights
            optimizer.apply_gradients(zip(tape.gradient(loss, weights), weights, strict=True))
        return {"d_loss": d_loss, "g_loss": g_loss}


def gan() -> Any:
    keras.utils.set_random_seed(3)
    model = Gan()
    model.compile(keras.optimizers.Adam(0.01), keras.optimizers.SGD(0.01))
    return model


def normalised() -> Any:
    return sequential(layers.Dense(6), layers.BatchNormalization())


def recurrent() -> Any:
    return keras.Sequential([keras.Input((5, 3)), layers.LSTM(4), layers.Dense(1)])


def bidirectional() -> Any:
    return keras.Sequential(
        [keras.Input((5, 3)), layers.Masking(), layers.Bidirectional(layers.GRU(3)), layers.Dense(1)]
    )


def convolutional() -> Any:
    inside = [
        layers.Conv2D(4, 3),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.MaxPooling2D(),
        layers.Dropout(0.2),
    ]
    return keras.Sequential(
        [keras.Input((8, 8, 1)), *inside, layers.Flatten(), layers.Dense(3, activation="softmax")]
    )


def attention() -> Any:
    ids = keras.Input((6,), dtype="int64")
    h = layers.Embedding(20, 8)(ids)
    h = layers.LayerNormalization()(h + layers.MultiHeadAttention(2, 4)(h, h))
    return keras.Model(ids, layers.Dense(1)(layers.GlobalAveragePooling1D()(h)))


def embedding() -> Any:
    inside = [layers.Embedding(20, 5, mask_zero=True), layers.GlobalAveragePooling1D()]
    return keras.Sequential(
        [keras.Input((6,), dtype="int64"), *inside, layers.Dense(1, activation="sigmoid")]
    )
