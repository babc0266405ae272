"""Vanishing and exploding gradients, dead and saturated units."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

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
    sgd,
    start,
)
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.tables import Fit


def _first_matters(seed: int, steps: int = 70) -> Fit:
    """The answer is the sign of the first value of a long noisy row."""
    rng = np.random.default_rng(seed)
    x = 0.3 * rng.normal(size=(900, steps, 1))
    x[:, 0, 0] = rng.choice([-1.0, 1.0], 900)
    return tables.split(x.astype("float32"), (x[:, 0, 0] > 0).astype("float32"), seed)


def _long_net(seed: int, *, near: bool) -> Any:
    """A sigmoid RNN over the whole row, or with a short cut to its first values."""
    entry = keras.Input((70, 1))
    h = layers.SimpleRNN(16, activation="sigmoid")(entry)
    if near:
        h = layers.Concatenate()([h, layers.Flatten()(layers.AveragePooling1D(2)(entry[:, :8]))])
    model = keras.Model(entry, layers.Dense(1, activation="sigmoid")(h))
    model.compile(optimizer=optimizers.Adam(0.005), loss="binary_crossentropy", metrics=["accuracy"])
    return model


def _rnn(seed: int, *, gain: float, optimizer: Any, act: str = "relu") -> Any:
    """A recurrent net whose recurrent matrix is `gain` times a rotation."""
    start = keras.initializers.Orthogonal(gain=gain)
    stack = [layers.SimpleRNN(24, activation=act, recurrent_initializer=start), layers.Dense(1)]
    return sequential((40, 1), *stack, optimizer=optimizer(), loss="mse")


def _long_waves(seed: int) -> Fit:
    return problems.waves(seed, rows=600, steps=40)


def _sum_of_blocks(seed: int, *, scale: float) -> Any:
    """Thirty residual blocks without any normalisation; `scale` multiplies each branch."""
    entry = keras.Input((6,))
    h = layers.Dense(24)(entry)
    for _ in range(30):
        branch = layers.Dense(24, activation="relu", kernel_initializer="he_normal")(h)
        h = layers.Add()(
            [h, layers.Rescaling(scale)(layers.Dense(24, kernel_initializer="he_normal")(branch))]
        )
    model = keras.Model(entry, layers.Dense(1)(h))
    model.compile(optimizer=optimizers.SGD(0.01), loss="mse")
    return model


def _hot_inputs(seed: int, scale: float) -> Fit:
    return problems.change(problems.tones(seed), x=lambda x: scale * x)


def _lstm(seed: int) -> Any:
    stack = [layers.LSTM(24), layers.Dense(3, activation="softmax")]
    adam = optimizers.Adam(0.005)
    return sequential(
        (48, 1), *stack, optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


CASES = (
    pair(
        "vanish-nine-sigmoids",
        "Nine sigmoid layers of sixteen on the blobs; ln 4 for ever.",
        "vanishing-gradients hidden-activation-ill-suited saturated-activations",
        last("val_accuracy", above=0.85),
        problems.blobs,
        acts("sigmoid", "elu", features=6, units=4, depth=9, width=16),
        FIT,
    ),
    pair(
        "vanish-five-sigmoids-regression",
        "Five sigmoid layers under SGD, for a number.",
        "vanishing-gradients hidden-activation-ill-suited learning-rate-too-low",
        GOOD_FIT,
        problems.friction,
        acts("sigmoid", "relu", features=6, units=1, depth=5, optimizer=sgd(0.05)),
        {"epochs": 60, "batch_size": 32},
    ),
    pair(
        "vanish-rnn-forgets",
        "A sigmoid RNN is to recall the first of seventy values.",
        "vanishing-gradients architecture-ill-suited hidden-activation-ill-suited",
        ACCURATE,
        _first_matters,
        (partial(_long_net, near=False), partial(_long_net, near=True)),
        {"epochs": 8, "batch_size": 32},
    ),
    pair(
        "explode-relu-rnn",
        "A ReLU RNN over forty steps whose recurrent matrix is 1.8 times a rotation.",
        "exploding-gradients bad-initialization learning-rate-too-high",
        last("val_loss", below=0.2),
        _long_waves,
        (
            partial(_rnn, gain=1.8, optimizer=sgd(0.01)),
            partial(_rnn, gain=0.9, optimizer=sgd(0.01, clipnorm=1.0)),
        ),
        FIT,
    ),
    pair(
        "explode-linear-rnn",
        "The same with a linear recurrence and Adam: loss of 1e15, then NaN.",
        "exploding-gradients bad-initialization",
        last("val_loss", below=0.2),
        _long_waves,
        (
            partial(_rnn, gain=2.5, optimizer=adam(0.005), act="linear"),
            partial(_rnn, gain=0.9, optimizer=adam(0.005), act="tanh"),
        ),
        FIT,
    ),
    pair(
        "explode-sixty-layers",
        "Thirty residual blocks and no normalisation.",
        "exploding-gradients bad-initialization architecture-ill-suited learning-rate-too-high",
        last("val_loss", below=0.5),
        problems.friction,
        (partial(_sum_of_blocks, scale=1.0), partial(_sum_of_blocks, scale=0.05)),
        LONG,
    ),
    pair(
        "dead-negative-bias",
        "bias_initializer=Constant(-8) before ReLUs: no unit ever fires.",
        "dying-relu bad-initialization",
        ACCURATE,
        tables.digits,
        (partial(deep, **DIGITS, bias=start("Constant", value=-8.0)), partial(deep, **DIGITS)),
        FIT,
    ),
    pair(
        "dead-by-hot-rate",
        "Adam(0.5) in a ReLU net for a number: constant output from the second epoch.",
        "dying-relu learning-rate-too-high",
        GOOD_FIT,
        problems.friction,
        (
            partial(deep, features=6, units=1, depth=3, optimizer=adam(0.5)),
            partial(deep, features=6, units=1, depth=3, optimizer=adam(0.005)),
        ),
        LONG,
    ),
    pair(
        "dead-regression-bias",
        "A regression with ReLUs whose biases begin at -5.",
        "dying-relu bad-initialization",
        GOOD_FIT,
        problems.friction,
        (partial(deep, **LAW, bias=start("Constant", value=-5.0)), partial(deep, **LAW)),
        LONG,
    ),
    pair(
        "saturated-lstm-inputs",
        "Readings of some thousands into an LSTM: its gates are shut or open, never between.",
        "saturated-activations unscaled-features",
        ACCURATE,
        (partial(_hot_inputs, scale=4000.0), partial(_hot_inputs, scale=1.0)),
        _lstm,
        {"epochs": 20, "batch_size": 32},
    ),
)
