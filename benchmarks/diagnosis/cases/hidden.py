"""Missing nonlinearity, unsuited hidden activations, nets that are too small."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.weights_parts import (
    ACCURATE,
    DIGITS,
    FIT,
    GOOD_FIT,
    LAW,
    LONG,
    acts,
    adam,
    deep,
)
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def _pictures_net(seed: int, act: Any) -> Any:
    stack = [layers.Conv2D(8, 3, activation=act), layers.Conv2D(8, 3, activation=act)]
    stack += [layers.GlobalAveragePooling2D(), layers.Dense(3, activation="softmax")]
    adam = optimizers.Adam(0.01)
    return sequential(
        (12, 12, 1), *stack, optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def _board_net(seed: int, *, act: Any, width: int = 24) -> Any:
    model = keras.Sequential()
    model.add(layers.Dense(width, input_shape=(2,)))
    if act:
        model.add(layers.Activation(act))
    model.add(layers.Dense(width))
    if act:
        model.add(layers.Activation(act))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    return model


def _squeezed(seed: int, middle: int) -> Any:
    """A narrow place in the middle of an otherwise wide net."""
    stack = [layers.Dense(64, activation="relu"), layers.Dense(middle, activation="relu")]
    stack += [layers.Dense(64, activation="relu"), layers.Dense(10, activation="softmax")]
    loss = "sparse_categorical_crossentropy"
    return sequential((64,), *stack, optimizer="adam", loss=loss, metrics=["accuracy"])


CASES = (
    pair(
        "straight-board",
        "Two hidden layers, no activation, and a board of black and white squares.",
        "missing-nonlinearity",
        ACCURATE,
        problems.board,
        (partial(_board_net, act=None), partial(_board_net, act="relu")),
        LONG,
    ),
    pair(
        "straight-law",
        "activation=None in three layers for a bent law: stays at the best plane.",
        "missing-nonlinearity",
        GOOD_FIT,
        problems.friction,
        acts(None, "relu", **LAW, depth=3),
        LONG,
    ),
    pair(
        "straight-conv",
        "Conv layers without an activation and an average at the end.",
        "missing-nonlinearity",
        last("val_accuracy", above=0.85),
        problems.shapes,
        (partial(_pictures_net, act=None), partial(_pictures_net, act="relu")),
        LONG,
    ),
    pair(
        "straight-spiral",
        "activation='linear' copied from the output layer to all of them.",
        "missing-nonlinearity",
        last("val_accuracy", above=0.85),
        problems.spiral,
        acts("linear", "tanh", features=2, units=3, width=48, optimizer=adam(0.01)),
        LONG,
    ),
    pair(
        "hidden-softmax",
        "softmax in every hidden layer.",
        "hidden-activation-ill-suited",
        ACCURATE,
        tables.digits,
        acts("softmax", "relu", **DIGITS, depth=3),
        FIT,
    ),
    pair(
        "hidden-softmax-regression",
        "softmax hidden layers for a number.",
        "hidden-activation-ill-suited",
        GOOD_FIT,
        problems.friction,
        acts("softmax", "relu", **LAW, depth=5),
        LONG,
    ),
    pair(
        "hidden-exponential",
        "activation='exponential' between the layers: infinite in the second step.",
        "hidden-activation-ill-suited exploding-gradients numerical-instability",
        GOOD_FIT,
        problems.friction,
        acts("exponential", "softplus", features=6, units=1, depth=3, optimizer=adam(0.005)),
        LONG,
    ),
    pair(
        "small-two-units",
        "Two hidden units for ten digits.",
        "model-too-small",
        ACCURATE,
        tables.digits,
        (partial(deep, **DIGITS, width=2, depth=1, optimizer=adam(0.02)), partial(deep, **DIGITS)),
        LONG,
    ),
    pair(
        "small-one-unit-between",
        "A layer of one unit in the middle of a wide net.",
        "model-too-small architecture-ill-suited dying-relu",
        ACCURATE,
        tables.digits,
        (partial(_squeezed, middle=1), partial(_squeezed, middle=24)),
        LONG,
    ),
    pair(
        "small-two-for-spiral",
        "Two tanh units for a spiral that turns once.",
        "model-too-small",
        last("val_accuracy", above=0.85),
        problems.spiral,
        (
            partial(deep, act="tanh", features=2, units=3, width=2, depth=1, optimizer=adam(0.02)),
            partial(deep, act="tanh", features=2, units=3, width=48, optimizer=adam(0.01)),
        ),
        LONG,
    ),
    pair(
        "small-logistic-rings",
        "No hidden layer at all for a bent law.",
        "model-too-small missing-nonlinearity",
        GOOD_FIT,
        problems.friction,
        (partial(deep, features=6, units=1, depth=0, optimizer=adam(0.01)), partial(deep, **LAW)),
        LONG,
    ),
)
