"""Initial weights, vanishing and exploding gradients, dead and saturated units, hidden activations, size."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.tables import Fit


def _deep(
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
            layers.Dense(width, activation=act, kernel_initializer=_made(init), bias_initializer=_made(bias))
        )
    if units == 1:
        model.add(layers.Dense(1, kernel_initializer=_made(init)))
        model.compile(optimizer=optimizer() if optimizer else "adam", loss="mse", metrics=["mae"])
        return model
    model.add(layers.Dense(units, activation="softmax", kernel_initializer=_made(init)))
    loss = "sparse_categorical_crossentropy"
    model.compile(optimizer=optimizer() if optimizer else "adam", loss=loss, metrics=["accuracy"])
    return model


def _made(start: Any) -> Any:
    """Initialisers need Keras, so a case holds their makers."""
    return start() if callable(start) else start


def _start(kind: str, **how: Any) -> Any:
    return lambda: getattr(keras.initializers, kind)(**how)


def _inits(bad: Any, good: Any, **same: Any) -> Any:
    return (partial(_deep, init=bad, **same), partial(_deep, init=good, **same))


def _acts(bad: Any, good: Any, **same: Any) -> Any:
    return (partial(_deep, act=bad, **same), partial(_deep, act=good, **same))


def _sgd(rate: float, **more: Any) -> Any:
    return lambda: optimizers.SGD(rate, **more)


def _adam(rate: float) -> Any:
    return lambda: optimizers.Adam(rate)


def _conv_zero(seed: int, init: str) -> Any:
    stack = [layers.Conv2D(12, 3, activation="relu", kernel_initializer=init), layers.Flatten()]
    stack.append(layers.Dense(3, activation="softmax", kernel_initializer=init))
    loss = "sparse_categorical_crossentropy"
    return sequential((12, 12, 1), *stack, optimizer="adam", loss=loss, metrics=["accuracy"])


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


def _hot_inputs(seed: int, scale: float) -> Fit:
    return problems.change(problems.tones(seed), x=lambda x: scale * x)


def _lstm(seed: int) -> Any:
    stack = [layers.LSTM(24), layers.Dense(3, activation="softmax")]
    adam = optimizers.Adam(0.005)
    return sequential(
        (48, 1), *stack, optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 40, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
INIT = "bad-initialization"
DIGITS = {"features": 64, "units": 10}
LAW = {"features": 6, "units": 1, "optimizer": _adam(0.005)}
GOOD_FIT = last("val_loss", below=0.2)

CASES = (
    pair(
        "init-all-zeros",
        "kernel_initializer='zeros' in each layer: the loss is ln 10 to the last digit.",
        INIT,
        ACCURATE,
        tables.digits,
        _inits("zeros", "he_normal", **DIGITS),
        FIT,
    ),
    pair(
        "init-zeros-conv",
        "A conv net whose kernels all begin as zeros.",
        INIT,
        ACCURATE,
        problems.shapes,
        (partial(_conv_zero, init="zeros"), partial(_conv_zero, init="glorot_uniform")),
        LONG,
    ),
    pair(
        "init-all-ones",
        "kernel_initializer='ones': all units are one unit, and the first loss is huge.",
        INIT,
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _inits("ones", "glorot_uniform", **DIGITS, optimizer=_sgd(0.02)),
        FIT,
    ),
    pair(
        "init-constant-tanh",
        "Constant(0.05) in three tanh layers: symmetric units.",
        INIT + " model-too-small",
        last("val_accuracy", above=0.85),
        problems.spiral,
        _inits(
            _start("Constant", value=0.05),
            "glorot_uniform",
            act="tanh",
            features=2,
            units=3,
            depth=3,
            optimizer=_adam(0.01),
        ),
        LONG,
    ),
    pair(
        "init-normal-three",
        "RandomNormal(stddev=3) under ReLUs: the first loss is in the thousands.",
        INIT + " exploding-gradients learning-rate-too-low",
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _inits(_start("RandomNormal", stddev=3.0), "he_normal", **DIGITS, depth=3),
        FIT,
    ),
    pair(
        "init-uniform-zero-to-one",
        "RandomUniform(0, 1): every weight is positive.",
        INIT + " exploding-gradients dying-relu",
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _inits(
            _start("RandomUniform", minval=0.0, maxval=1.0),
            "glorot_uniform",
            **DIGITS,
            width=64,
            optimizer=_sgd(0.05),
        ),
        FIT,
    ),
    pair(
        "init-tiny-deep-tanh",
        "stddev=1e-3 in six tanh layers: the gradient is gone after two of them.",
        INIT + " vanishing-gradients",
        last("val_accuracy", above=0.85),
        problems.blobs,
        _inits(
            _start("RandomNormal", stddev=1e-3),
            "glorot_normal",
            act="tanh",
            depth=6,
            features=6,
            units=4,
            optimizer=_sgd(0.1),
        ),
        FIT,
    ),
    pair(
        "init-five-wide-sigmoid",
        "stddev=4 with sigmoids: saturated before the first step.",
        INIT + " saturated-activations",
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _inits(
            _start("RandomNormal", stddev=4.0),
            "glorot_uniform",
            act="sigmoid",
            **DIGITS,
            width=48,
            optimizer=_adam(0.003),
        ),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "vanish-nine-sigmoids",
        "Nine sigmoid layers of sixteen on the blobs; ln 4 for ever.",
        "vanishing-gradients hidden-activation-ill-suited saturated-activations",
        last("val_accuracy", above=0.85),
        problems.blobs,
        _acts("sigmoid", "elu", features=6, units=4, depth=9, width=16),
        FIT,
    ),
    pair(
        "vanish-five-sigmoids-regression",
        "Five sigmoid layers under SGD, for a number.",
        "vanishing-gradients hidden-activation-ill-suited learning-rate-too-low",
        GOOD_FIT,
        problems.friction,
        _acts("sigmoid", "relu", features=6, units=1, depth=5, optimizer=_sgd(0.05)),
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
            partial(_rnn, gain=1.8, optimizer=_sgd(0.01)),
            partial(_rnn, gain=0.9, optimizer=_sgd(0.01, clipnorm=1.0)),
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
            partial(_rnn, gain=2.5, optimizer=_adam(0.005), act="linear"),
            partial(_rnn, gain=0.9, optimizer=_adam(0.005), act="tanh"),
        ),
        FIT,
    ),
    pair(
        "explode-sixty-layers",
        "Thirty residual blocks and no normalisation.",
        "exploding-gradients bad-initialization architecture-ill-suited learning-rate-too-high",
        last("val_loss", below=0.3),
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
        (partial(_deep, **DIGITS, bias=_start("Constant", value=-8.0)), partial(_deep, **DIGITS)),
        FIT,
    ),
    pair(
        "dead-by-hot-rate",
        "Adam(0.5) in a ReLU net for a number: constant output from the second epoch.",
        "dying-relu learning-rate-too-high",
        GOOD_FIT,
        problems.friction,
        (
            partial(_deep, features=6, units=1, depth=3, optimizer=_adam(0.5)),
            partial(_deep, features=6, units=1, depth=3, optimizer=_adam(0.005)),
        ),
        LONG,
    ),
    pair(
        "dead-regression-bias",
        "A regression with ReLUs whose biases begin at -5.",
        "dying-relu bad-initialization",
        GOOD_FIT,
        problems.friction,
        (partial(_deep, **LAW, bias=_start("Constant", value=-5.0)), partial(_deep, **LAW)),
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
        _acts(None, "relu", **LAW, depth=3),
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
        _acts("linear", "tanh", features=2, units=3, width=48, optimizer=_adam(0.01)),
        LONG,
    ),
    pair(
        "hidden-softmax",
        "softmax in every hidden layer.",
        "hidden-activation-ill-suited",
        ACCURATE,
        tables.digits,
        _acts("softmax", "relu", **DIGITS, depth=3),
        FIT,
    ),
    pair(
        "hidden-softmax-regression",
        "softmax hidden layers for a number.",
        "hidden-activation-ill-suited",
        GOOD_FIT,
        problems.friction,
        _acts("softmax", "relu", **LAW),
        LONG,
    ),
    pair(
        "hidden-exponential",
        "activation='exponential' between the layers: infinite in the second step.",
        "hidden-activation-ill-suited exploding-gradients numerical-instability",
        GOOD_FIT,
        problems.friction,
        _acts("exponential", "softplus", features=6, units=1, depth=3, optimizer=_adam(0.005)),
        LONG,
    ),
    pair(
        "small-two-units",
        "Two hidden units for ten digits.",
        "model-too-small",
        ACCURATE,
        tables.digits,
        (partial(_deep, **DIGITS, width=2, depth=1), partial(_deep, **DIGITS)),
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
        "small-three-for-spiral",
        "Three tanh units for a spiral that turns once.",
        "model-too-small",
        last("val_accuracy", above=0.85),
        problems.spiral,
        (
            partial(_deep, act="tanh", features=2, units=3, width=3, depth=1, optimizer=_adam(0.02)),
            partial(_deep, act="tanh", features=2, units=3, width=48, optimizer=_adam(0.01)),
        ),
        LONG,
    ),
    pair(
        "small-logistic-rings",
        "No hidden layer at all for a bent law.",
        "model-too-small missing-nonlinearity",
        GOOD_FIT,
        problems.friction,
        (partial(_deep, features=6, units=1, depth=0, optimizer=_adam(0.01)), partial(_deep, **LAW)),
        LONG,
    ),
)
