"""What the cases of rate_low and epochs_few share."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis.kit import last, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def digits_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
    loss = "sparse_categorical_crossentropy"
    return sequential((64,), *stack, optimizer=optimizer(), loss=loss, metrics=["accuracy"])


def moons_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(24, activation="relu"), layers.Dense(24, activation="relu")]
    stack.append(layers.Dense(1, activation="sigmoid"))
    return sequential((2,), *stack, optimizer=optimizer(), loss="binary_crossentropy", metrics=["accuracy"])


def waves_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.LSTM(20), layers.Dense(1)]
    return sequential((24, 1), *stack, optimizer=optimizer(), loss="mse")


def tones_net(seed: int, optimizer: Any) -> Any:
    entry = keras.Input((48, 1))
    h = layers.Conv1D(16, 5, activation="relu")(entry)
    h = layers.Conv1D(16, 5, activation="relu")(layers.MaxPooling1D(2)(h))
    out = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(entry, out)
    model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def rates(bad: Any, good: Any, net: Any) -> Any:
    return (lambda seed: net(seed, bad), lambda seed: net(seed, good))


def adam(rate: float) -> Any:
    return lambda: optimizers.Adam(rate)


def sgd(rate: float, **more: Any) -> Any:
    return lambda: optimizers.SGD(rate, **more)


ACCURATE = last("val_accuracy", above=0.85)
