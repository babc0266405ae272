"""Learning rate too low (also through a schedule), and runs that stop too early."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers

LOW = "learning-rate-too-low"


def _digits_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
    loss = "sparse_categorical_crossentropy"
    return sequential((64,), *stack, optimizer=optimizer(), loss=loss, metrics=["accuracy"])


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


def _moons_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(24, activation="relu"), layers.Dense(24, activation="relu")]
    stack.append(layers.Dense(1, activation="sigmoid"))
    return sequential((2,), *stack, optimizer=optimizer(), loss="binary_crossentropy", metrics=["accuracy"])


def _waves_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.LSTM(20), layers.Dense(1)]
    return sequential((24, 1), *stack, optimizer=optimizer(), loss="mse")


def _tones_net(seed: int, optimizer: Any) -> Any:
    entry = keras.Input((48, 1))
    h = layers.Conv1D(16, 5, activation="relu")(entry)
    h = layers.Conv1D(16, 5, activation="relu")(layers.MaxPooling1D(2)(h))
    out = layers.Dense(3, activation="softmax")(layers.GlobalAveragePooling1D()(h))
    model = keras.Model(entry, out)
    model.compile(optimizer(), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _plateau(patience: int, min_delta: float) -> Any:
    how = {"monitor": "loss", "factor": 0.1, "min_lr": 1e-9, "patience": patience, "min_delta": min_delta}
    return lambda seed: [keras.callbacks.ReduceLROnPlateau(**how)]


def _stopping(**how: Any) -> Any:
    return lambda seed: [keras.callbacks.EarlyStopping(monitor="val_loss", **how)]


def _rates(bad: Any, good: Any, net: Any) -> Any:
    return (lambda seed: net(seed, bad), lambda seed: net(seed, good))


def _adam(rate: float) -> Any:
    return lambda: optimizers.Adam(rate)


def _sgd(rate: float, **more: Any) -> Any:
    return lambda: optimizers.SGD(rate, **more)


def _cosine(steps: int) -> Any:
    return lambda: optimizers.SGD(optimizers.schedules.CosineDecay(0.2, steps), momentum=0.9)


def _inverse_time(decay: float) -> Any:
    return lambda: optimizers.RMSprop(optimizers.schedules.InverseTimeDecay(0.003, 1, decay))


def _spelled(name: str) -> Any:
    return lambda: name


ACCURATE = last("val_accuracy", above=0.85)
DIGITS = {"epochs": 12, "batch_size": 32}
LATE = "learning-rate-too-low optimizer-misconfigured"

CASES = (
    pair(
        "low-adam-1e-6-digits",
        "Adam(1e-6): the accuracy crawls from 10 to 12 percent in twelve epochs.",
        LOW,
        ACCURATE,
        tables.digits,
        _rates(_adam(1e-6), _adam(1e-3), _digits_net),
        DIGITS,
    ),
    pair(
        "low-sgd-1e-5-houses",
        "SGD(1e-5) on scaled prices: the loss falls by half a percent an epoch.",
        LOW,
        last("val_loss", below=0.15),
        _houses,
        _rates(1e-5, 0.05, _houses_net),
        {"epochs": 25, "batch_size": 32},
    ),
    pair(
        "low-rmsprop-1e-6-shapes",
        "A conv net under RMSprop(1e-6), because a paper on fine-tuning said so.",
        LOW,
        ACCURATE,
        problems.shapes,
        _rates(lambda: optimizers.RMSprop(1e-6), lambda: optimizers.RMSprop(3e-3), _shapes_net),
        DIGITS,
    ),
    pair(
        "low-adadelta-default",
        "optimizer='adadelta' as it comes (rate 0.001): nothing moves.",
        LOW + " optimizer-ill-suited optimizer-misconfigured",
        ACCURATE,
        problems.moons,
        _rates(_spelled("adadelta"), _adam(0.01), _moons_net),
        {"epochs": 25, "batch_size": 32},
    ),
    pair(
        "low-adagrad-default-text",
        "optimizer='adagrad' as it comes, on text with an embedding.",
        LOW + " optimizer-ill-suited",
        ACCURATE,
        problems.texts,
        _rates(_spelled("adagrad"), _adam(0.01), _text_net),
        {"epochs": 10, "batch_size": 32},
    ),
    pair(
        "low-sgd-lstm-waves",
        "An LSTM under SGD(1e-4) predicts the mean of the series.",
        LOW,
        last("val_loss", below=0.08),
        problems.waves,
        _rates(_sgd(1e-4), _adam(0.01), _waves_net),
        {"epochs": 12, "batch_size": 32},
    ),
    pair(
        "low-cosine-ends-in-first-epoch",
        "CosineDecay(decay_steps=15), meant as epochs, counts steps.",
        LATE,
        last("val_accuracy", above=0.9),
        tables.digits,
        _rates(_cosine(15), _cosine(15 * 40), _digits_net),
        {"epochs": 15, "batch_size": 32},
    ),
    pair(
        "low-inverse-time-every-step",
        "decay_rate=50 with decay_steps=1: the rate is gone after a few steps.",
        LATE,
        ACCURATE,
        problems.tones,
        _rates(_inverse_time(50.0), _inverse_time(0.001), _tones_net),
        {"epochs": 12, "batch_size": 32},
    ),
    pair(
        "low-plateau-gives-up",
        "ReduceLROnPlateau with patience 1 and min_delta 1: a tenth every epoch.",
        LATE,
        ACCURATE,
        tables.digits,
        _rates(_sgd(0.02), _sgd(0.02), _digits_net),
        {"epochs": 20, "batch_size": 32},
        (_plateau(1, 1.0), _plateau(5, 1e-4)),
    ),
    pair(
        "low-adam-3e-6-tones",
        "Adam(3e-6) on a one-dimensional conv net; log 3 and nothing more.",
        LOW,
        ACCURATE,
        problems.tones,
        _rates(_adam(3e-6), _adam(5e-3), _tones_net),
        DIGITS,
    ),
    pair(
        "epochs-three-of-moons",
        "Three epochs of Adam(0.001) over 560 points; the loss is still falling fast.",
        "too-few-epochs learning-rate-too-low",
        last("val_loss", below=0.2),
        problems.moons,
        _rates(_adam(1e-3), _adam(1e-3), _moons_net),
        ({"epochs": 3, "batch_size": 32}, {"epochs": 60, "batch_size": 32}),
    ),
    pair(
        "epochs-one-of-digits",
        "A single pass over the digits with SGD(0.05), and 60 percent right.",
        "too-few-epochs learning-rate-too-low",
        last("val_accuracy", above=0.9),
        tables.digits,
        _rates(_sgd(0.05), _sgd(0.05), _digits_net),
        ({"epochs": 1, "batch_size": 32}, {"epochs": 20, "batch_size": 32}),
    ),
    pair(
        "epochs-early-stopping-too-eager",
        "EarlyStopping(min_delta=0.2, patience=1) ends it in the third epoch.",
        "too-few-epochs",
        last("val_accuracy", above=0.9),
        tables.digits,
        _rates(_sgd(0.03), _sgd(0.03), _digits_net),
        {"epochs": 30, "batch_size": 32},
        (_stopping(min_delta=0.5, patience=1), _stopping(patience=5)),
    ),
    pair(
        "epochs-steps-per-epoch-two",
        "steps_per_epoch=2 was copied along: five epochs are ten steps.",
        "too-few-epochs learning-rate-too-low batch-size-ill-suited",
        ACCURATE,
        problems.tones,
        _rates(_adam(3e-3), _adam(3e-3), _tones_net),
        ({"epochs": 5, "batch_size": 32, "steps_per_epoch": 2}, {"epochs": 14, "batch_size": 32}),
    ),
    pair(
        "epochs-two-of-waves",
        "Two epochs of an LSTM at a sane rate; half way down.",
        "too-few-epochs learning-rate-too-low",
        last("val_loss", below=0.05),
        problems.waves,
        _rates(_adam(3e-3), _adam(3e-3), _waves_net),
        ({"epochs": 2, "batch_size": 32}, {"epochs": 25, "batch_size": 32}),
    ),
)
