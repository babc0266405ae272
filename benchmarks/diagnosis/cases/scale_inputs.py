"""Unscaled features in many dresses, and the saturation that comes of them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.scales_parts import (
    E3,
    FEATURES,
    flats_net,
    scaled,
)
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.problems import change


def _wine_net(seed: int, activation: str = "relu", rate: float = 0.01) -> Any:
    model = keras.Sequential()
    model.add(layers.Dense(16, activation=activation, input_dim=13))
    model.add(layers.Dense(16, activation=activation))
    model.add(layers.Dense(3, activation="softmax"))
    model.compile(
        loss="sparse_categorical_crossentropy",
        optimizer=optimizers.SGD(rate, momentum=0.9),
        metrics=["accuracy"],
    )
    return model


def _cancer_net(seed: int) -> Any:
    stack = [layers.Dense(20, activation="tanh"), layers.Dense(10, activation="tanh")]
    stack.append(layers.Dense(1, activation="sigmoid"))
    return sequential((30,), *stack, optimizer="rmsprop", loss="binary_crossentropy", metrics=["accuracy"])


def _flats_scaled_price(seed: int) -> dict[str, Any]:
    """Prices in units of their spread, inputs as they come."""
    fit = problems.flats(seed)
    mean, spread = fit["y"].mean(), fit["y"].std()
    return change(fit, y=lambda y: (y - mean) / spread)


def _years(seed: int, *, raw: bool) -> dict[str, Any]:
    """Fashion by year: two numbers near 1985 and 1990 whose difference decides."""
    rng = np.random.default_rng(seed + 40)
    x = np.stack([rng.uniform(1980, 1995, 900), rng.uniform(1980, 1995, 900)], 1)
    y = (np.abs(x[:, 0] - x[:, 1]) < 3.5).astype("float32")
    x = x if raw else (x - x.mean(0)) / x.std(0)
    return tables.split(x.astype("float32"), y, seed)


def _years_net(seed: int) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu")]
    stack.append(layers.Dense(1, activation="sigmoid"))
    return sequential(
        (2,), *stack, optimizer=optimizers.Adam(0.003), loss="binary_crossentropy", metrics=["accuracy"]
    )


def _pixels_dense(seed: int) -> Any:
    stack = [layers.Flatten(), layers.Dense(64, activation="sigmoid"), layers.Dense(10, activation="softmax")]
    sgd = optimizers.SGD(learning_rate=0.3)
    return sequential(
        (8, 8, 1), *stack, optimizer=sgd, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def _pixels_conv(seed: int) -> Any:
    stack = [
        layers.Conv2D(16, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
    ]
    stack.append(layers.Dense(10, activation="softmax"))
    sgd = optimizers.SGD(learning_rate=0.03, momentum=0.9)
    return sequential(
        (8, 8, 1), *stack, optimizer=sgd, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def _kelvin(seed: int, *, raw: bool) -> dict[str, Any]:
    """Temperatures around 288 K that swing by a few kelvin; the next one, as departure from 288."""
    fit = problems.waves(seed)
    return change(fit, x=(lambda x: 288.0 + 4.0 * x) if raw else None)


def _kelvin_net(seed: int) -> Any:
    stack = [layers.SimpleRNN(24), layers.Dense(1)]
    return sequential((24, 1), *stack, optimizer=optimizers.Adam(0.005), loss="mse")


def _stamped(seed: int, *, raw: bool) -> dict[str, Any]:
    """A Unix time in seconds among good columns."""
    stamp = np.random.default_rng(seed).uniform(1.5e9, 1.7e9, size=(2000, 1)).astype("float32")
    stamp = stamp if raw else (stamp - 1.6e9) / 6e7
    return change(problems.friction(seed), x=lambda x: np.concatenate([x, stamp[: len(x)]], 1))


def _friction_net(seed: int, features: int = 7) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
    return sequential((features,), *stack, optimizer=optimizers.Adam(0.003), loss="mse")


def _columns(seed: int, *, raw: bool) -> dict[str, Any]:
    """The same law with columns in units from micrometres to megawatts."""
    units = np.array([1e-4, 3e2, 1.0, 5e3, 20.0, 1e-2], "float32")
    return change(problems.friction(seed), x=(lambda x: x * units) if raw else None)


ACCURATE = last("val_accuracy", above=0.85)

CASES = (
    pair(
        "scale-wine-raw",
        "Wine by its thirteen numbers as they come, proline in the hundreds: one class for all.",
        FEATURES + " dying-relu learning-rate-too-high",
        last("val_accuracy", above=0.9),
        (tables.wine, scaled(tables.wine)),
        _wine_net,
        {"epochs": 30, "batch_size": 16},
    ),
    pair(
        "scale-cancer-raw-tanh",
        "Tumours by raw areas and radii into tanh: only the share of the larger class.",
        FEATURES + " saturated-activations",
        every(last("val_accuracy", above=0.94), last("val_loss", below=0.2)),
        (tables.cancer, scaled(tables.cancer)),
        _cancer_net,
        {"epochs": 10, "batch_size": 32},
    ),
    pair(
        "scale-wine-raw-sigmoid",
        "The same table into two sigmoid layers.",
        FEATURES + " saturated-activations",
        last("val_accuracy", above=0.9),
        (tables.wine, scaled(tables.wine)),
        partial(_wine_net, activation="sigmoid", rate=0.2),
        {"epochs": 40, "batch_size": 16},
    ),
    pair(
        "scale-flats-raw-inputs",
        "Areas, years, metres and incomes raw, prices scaled: first loss in the millions.",
        FEATURES,
        last("val_loss", below=0.15),
        (_flats_scaled_price, scaled(problems.flats, targets=True)),
        flats_net,
        E3,
    ),
    pair(
        "scale-flats-raw-inputs-sgd",
        "The same with optimizer='sgd': NaN in the first epoch.",
        FEATURES + " learning-rate-too-high exploding-gradients",
        last("val_loss", below=0.2),
        (_flats_scaled_price, scaled(problems.flats, targets=True)),
        partial(flats_net, optimizer="sgd"),
        E3,
    ),
    pair(
        "scale-years-offset",
        "Two years near 1988 whose difference counts: offset large, spread small.",
        FEATURES,
        ACCURATE,
        (partial(_years, raw=True), partial(_years, raw=False)),
        _years_net,
        E3,
    ),
    pair(
        "scale-pixels-255-sigmoid",
        "Pixels of 0..255 into a sigmoid layer.",
        FEATURES + " saturated-activations",
        last("val_accuracy", above=0.9),
        (partial(tables.digits, scale=16 / 255, image=True), partial(tables.digits, image=True)),
        _pixels_dense,
        E3,
    ),
    pair(
        "scale-pixels-255-conv",
        "Pixels of 0..255 into a conv net with SGD .03: loss 2.30 after a first leap.",
        FEATURES + " dying-relu learning-rate-too-high",
        last("val_accuracy", above=0.9),
        (partial(tables.digits, scale=16 / 255, image=True), partial(tables.digits, image=True)),
        _pixels_conv,
        {"epochs": 8, "batch_size": 32},
    ),
    pair(
        "scale-kelvin-rnn",
        "A recurrent net is fed kelvins around 288; its tanh units never leave 1.",
        FEATURES + " saturated-activations",
        last("val_loss", below=0.1),
        (partial(_kelvin, raw=True), partial(_kelvin, raw=False)),
        _kelvin_net,
        {"epochs": 12, "batch_size": 32},
    ),
    pair(
        "scale-unix-time",
        "One column holds seconds since 1970; the other six are fine.",
        FEATURES,
        last("val_loss", below=0.2),
        (partial(_stamped, raw=True), partial(_stamped, raw=False)),
        _friction_net,
        E3,
    ),
    pair(
        "scale-mixed-units",
        "Six columns in units from 1e-4 to 5e3; what matters is among the small ones.",
        FEATURES,
        last("val_loss", below=0.2),
        (partial(_columns, raw=True), partial(_columns, raw=False)),
        partial(_friction_net, features=6),
        E3,
    ),
)
