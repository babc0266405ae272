"""Learning rate too low, also through a schedule."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.rate_low_parts import (
    ACCURATE,
    adam,
    digits_net,
    moons_net,
    rates,
    sgd,
    tones_net,
    waves_net,
)
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def _houses(seed: int) -> dict[str, Any]:
    return tables.standard(problems.flats(seed), targets=True)


def _houses_net(seed: int, rate: float) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(16, activation="relu"), layers.Dense(1)]
    return sequential((5,), *stack, optimizer=optimizers.SGD(learning_rate=rate), loss="mse", metrics=["mae"])


def _shapes_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Conv2D(12, 3, activation="relu"), layers.Conv2D(16, 3, strides=2, activation="relu")]
    stack += [layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax")]
    loss = "sparse_categorical_crossentropy"
    return sequential((12, 12, 1), *stack, optimizer=optimizer(), loss=loss, metrics=["accuracy"])


def _text_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Embedding(400, 16), layers.GlobalAveragePooling1D(), layers.Dense(16, activation="relu")]
    stack.append(layers.Dense(1, activation="sigmoid"))
    return sequential((20,), *stack, optimizer=optimizer(), loss="binary_crossentropy", metrics=["accuracy"])


def _plateau(patience: int, min_delta: float) -> Any:
    how = {"monitor": "loss", "factor": 0.1, "min_lr": 1e-9, "patience": patience, "min_delta": min_delta}
    return lambda seed: [keras.callbacks.ReduceLROnPlateau(**how)]


def _cosine(steps: int) -> Any:
    return lambda: optimizers.SGD(optimizers.schedules.CosineDecay(0.2, steps), momentum=0.9)


def _inverse_time(decay: float) -> Any:
    return lambda: optimizers.RMSprop(optimizers.schedules.InverseTimeDecay(0.003, 1, decay))


def _spelled(name: str) -> Any:
    return lambda: name


LOW = "learning-rate-too-low"
DIGITS = {"epochs": 12, "batch_size": 32}
LATE = "learning-rate-too-low optimizer-misconfigured"

CASES = (
    pair(
        "low-adam-1e-6-digits",
        "Adam(1e-6): the accuracy crawls from 10 to 12 percent in twelve epochs.",
        LOW,
        ACCURATE,
        tables.digits,
        rates(adam(1e-6), adam(1e-3), digits_net),
        DIGITS,
    ),
    pair(
        "low-sgd-1e-5-houses",
        "SGD(1e-5) on scaled prices: the loss falls by half a percent an epoch.",
        LOW,
        last("val_loss", below=0.15),
        _houses,
        rates(1e-5, 0.05, _houses_net),
        {"epochs": 25, "batch_size": 32},
    ),
    pair(
        "low-rmsprop-1e-6-shapes",
        "A conv net under RMSprop(1e-6), because a paper on fine-tuning said so.",
        LOW,
        ACCURATE,
        problems.shapes,
        rates(lambda: optimizers.RMSprop(1e-6), lambda: optimizers.RMSprop(3e-3), _shapes_net),
        DIGITS,
    ),
    pair(
        "low-adadelta-default",
        "optimizer='adadelta' as it comes (rate 0.001): nothing moves.",
        LOW + " optimizer-ill-suited optimizer-misconfigured",
        ACCURATE,
        problems.moons,
        rates(_spelled("adadelta"), adam(0.01), moons_net),
        {"epochs": 25, "batch_size": 32},
    ),
    pair(
        "low-adagrad-default-text",
        "optimizer='adagrad' as it comes, on text with an embedding.",
        LOW + " optimizer-ill-suited",
        ACCURATE,
        problems.texts,
        rates(_spelled("adagrad"), adam(0.01), _text_net),
        {"epochs": 10, "batch_size": 32},
    ),
    pair(
        "low-sgd-lstm-waves",
        "An LSTM under SGD(1e-4) predicts the mean of the series.",
        LOW,
        last("val_loss", below=0.08),
        problems.waves,
        rates(sgd(1e-4), adam(0.01), waves_net),
        {"epochs": 12, "batch_size": 32},
    ),
    pair(
        "low-cosine-ends-in-first-epoch",
        "CosineDecay(decay_steps=15), meant as epochs, counts steps.",
        LATE,
        last("val_accuracy", above=0.9),
        tables.digits,
        rates(_cosine(15), _cosine(15 * 40), digits_net),
        {"epochs": 15, "batch_size": 32},
    ),
    pair(
        "low-inverse-time-every-step",
        "decay_rate=50 with decay_steps=1: the rate is gone after a few steps.",
        LATE,
        ACCURATE,
        problems.tones,
        rates(_inverse_time(50.0), _inverse_time(0.001), tones_net),
        {"epochs": 12, "batch_size": 32},
    ),
    pair(
        "low-plateau-gives-up",
        "ReduceLROnPlateau with patience 1 and min_delta 1: a tenth every epoch.",
        LATE,
        ACCURATE,
        tables.digits,
        rates(sgd(0.02), sgd(0.02), digits_net),
        {"epochs": 20, "batch_size": 32},
        (_plateau(1, 1.0), _plateau(5, 1e-4)),
    ),
    pair(
        "low-adam-3e-6-tones",
        "Adam(3e-6) on a one-dimensional conv net; log 3 and nothing more.",
        LOW,
        ACCURATE,
        problems.tones,
        rates(adam(3e-6), adam(5e-3), tones_net),
        DIGITS,
    ),
)
