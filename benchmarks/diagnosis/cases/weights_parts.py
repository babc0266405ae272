"""What the cases of start and gradients and hidden share."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis.kit import last
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def deep(
    seed: int,
    *,
    act: Any = "relu",
    init: Any = "glorot_uniform",
    bias: Any = "zeros",
    depth: int = 2,
    width: int = 32,
    features: int = 64,
    units: int = 10,
    optimizer: Any = None,
) -> Any:
    """A stack of equal hidden layers; one unit means a regression."""
    model = keras.Sequential([keras.Input((features,))])
    for _ in range(depth):
        model.add(
            layers.Dense(width, activation=act, kernel_initializer=made(init), bias_initializer=made(bias))
        )
    if units == 1:
        model.add(layers.Dense(1, kernel_initializer=made(init)))
        model.compile(optimizer=optimizer() if optimizer else "adam", loss="mse", metrics=["mae"])
        return model
    model.add(layers.Dense(units, activation="softmax", kernel_initializer=made(init)))
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer=optimizer() if optimizer else "adam", loss=loss, metrics=["accuracy"])
    return model


def made(start: Any) -> Any:
    """Initialisers need Keras, so a case holds their makers."""
    return start() if callable(start) else start


def start(kind: str, **how: Any) -> Any:
    return lambda: getattr(keras.initializers, kind)(**how)


def acts(bad: Any, good: Any, **same: Any) -> Any:
    return (partial(deep, act=bad, **same), partial(deep, act=good, **same))


def sgd(rate: float, **more: Any) -> Any:
    return lambda: optimizers.SGD(rate, **more)


def adam(rate: float) -> Any:
    return lambda: optimizers.Adam(rate)


FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 40, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
DIGITS = {"features": 64, "units": 10}
LAW = {"features": 6, "units": 1, "optimizer": adam(0.005)}
GOOD_FIT = last("val_loss", below=0.2)
