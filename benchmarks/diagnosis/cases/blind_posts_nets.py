"""Blind cases in the manner of forum posts: layers, activations, starts and regularisers."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.blind_parts import ACCURATE, mlp, net, news
from benchmarks.diagnosis.cases.blind_posts_parts import (
    E20,
    E30,
    FITS,
    FOUND,
    before,
    flats,
    kinds,
    value,
)
from benchmarks.diagnosis.cases.blind_settings import BCE, SPARSE, adam, sgd
from benchmarks.diagnosis.kit import every, last, pair
from benchmarks.diagnosis.lazy import keras, layers


def _deep(stddev: float | None) -> Any:
    def stack() -> list[Any]:
        normal = keras.initializers.RandomNormal
        start = lambda: normal(stddev=stddev) if stddev else "glorot_uniform"  # noqa: E731
        hidden = [layers.Dense(24, activation="tanh", kernel_initializer=start()) for _ in range(10)]
        return [*hidden, layers.Dense(10, activation="softmax")]

    return net((64,), stack, optimizer=sgd(0.1), **SPARSE)


def _begun(**start: Any) -> Any:
    def stack() -> list[Any]:
        hidden = [layers.Dense(w, activation="relu", **start) for w in (32, 16)]
        return [*hidden, layers.Dense(10, activation="softmax")]

    return net((64,), stack, optimizer="adam", **SPARSE)


def _tones(act: Any) -> Any:
    def stack() -> list[Any]:
        hidden = [layers.Conv1D(16, 5, activation=act) for _ in range(3)]
        return [*hidden, layers.GlobalAveragePooling1D(), layers.Dense(3, activation="softmax")]

    return net((48, 1), stack, optimizer=adam(0.005), **SPARSE)


def _sparse(strength: float) -> Any:
    def stack() -> list[Any]:
        l1 = lambda: keras.regularizers.L1(strength)  # noqa: E731
        return [
            layers.Conv2D(8, 3, activation="relu", kernel_regularizer=l1()),
            layers.Flatten(),
            layers.Dense(10, activation="softmax", kernel_regularizer=l1()),
        ]

    return net((8, 8, 1), stack, optimizer=adam(0.003), **SPARSE)


def _dropped(rate: float) -> Any:
    def stack() -> list[Any]:
        gru = layers.GRU(12, dropout=rate, recurrent_dropout=rate)
        return [layers.Embedding(400, 16), gru, layers.Dropout(rate), layers.Dense(1, activation="sigmoid")]

    return net((20,), stack, optimizer=adam(0.005), **BCE)


def _topics(trainable: bool) -> Any:
    """A subclassed model whose embedding was frozen for vectors that were never loaded."""

    def made(seed: int) -> Any:
        class Topics(keras.Model):
            def __init__(self) -> None:
                super().__init__()
                self.words = layers.Embedding(600, 4, trainable=trainable)
                self.mean = layers.GlobalAveragePooling1D()
                self.out = layers.Dense(5, activation="softmax")

            def call(self, x: Any) -> Any:
                return self.out(self.mean(self.words(x)))

        model = Topics()
        model.compile(optimizer=adam(0.02)(), **SPARSE)
        return model

    return made


def _half(policy: str) -> Any:
    def made(seed: int) -> Any:
        keras.config.set_dtype_policy(policy)
        return kinds(10, 64, optimizer=adam(0.001))(seed)

    return made


def _order(read: bool) -> Any:
    def stack() -> list[Any]:
        how = layers.GRU(16) if read else layers.GlobalAveragePooling1D()
        dense = [layers.Dense(16, activation="relu"), layers.Dense(1, activation="sigmoid")]
        return [layers.Embedding(50, 8), how, *dense]

    return net((12,), stack, optimizer=adam(0.01), **BCE)


_constant = lambda v: keras.initializers.Constant(v)  # noqa: E731

CASES = (
    pair(
        "blind-post-ten-tanh-small",
        "Ten tanh layers with RandomNormal(stddev=0.01): loss 2.303 and not a digit further.",
        "vanishing-gradients bad-initialization",
        FOUND,
        tables.digits,
        (_deep(0.01), _deep(None)),
        E20,
    ),
    pair(
        "blind-post-ones",
        "kernel_initializer='ones' in the hidden layers: all units stay alike.",
        "bad-initialization",
        ACCURATE,
        tables.digits,
        (_begun(kernel_initializer="ones"), _begun()),
        E20,
    ),
    pair(
        "blind-post-bias-minus-ten",
        "bias_initializer of -10 'for sparsity': every ReLU is silent.",
        "dying-relu bad-initialization",
        ACCURATE,
        tables.digits,
        (
            lambda seed: _begun(bias_initializer=_constant(-10.0))(seed),
            lambda seed: _begun(bias_initializer=_constant(0.01))(seed),
        ),
        E20,
    ),
    pair(
        "blind-post-conv1d-linear",
        "Three Conv1D layers without activation on tones of any phase: one third.",
        "missing-nonlinearity architecture-ill-suited",
        FOUND,
        problems.tones,
        (_tones(None), _tones("relu")),
        E20,
    ),
    pair(
        "blind-post-l1-everywhere",
        "L1(0.1) in a CNN: the accuracy falls to 10 % and the loss stays at 2.3 and more.",
        "over-regularized",
        FOUND,
        partial(tables.digits, image=True),
        (_sparse(0.1), _sparse(1e-4)),
        E20,
    ),
    pair(
        "blind-post-frozen-words",
        "trainable=False on an embedding with random vectors; the net has 25 weights to learn with.",
        "frozen-layers model-too-small",
        FOUND,
        news,
        (_topics(False), _topics(True)),
        E20,
    ),
    pair(
        "blind-post-float16-adam",
        "set_dtype_policy('float16') with Adam and its epsilon of 1e-7: NaN after some steps.",
        "numerical-instability optimizer-misconfigured",
        FOUND,
        tables.digits,
        (_half("float16"), _half("float32")),
        E20,
    ),
    pair(
        "blind-post-exponential-hidden",
        "activation='exponential' in three hidden layers: inf at once.",
        "hidden-activation-ill-suited exploding-gradients numerical-instability",
        every(FITS, last("loss", below=0.5)),
        flats,
        tuple(value(5, (32, 32, 16), a, optimizer=sgd(0.01)) for a in ("exponential", "relu")),
        E30,
    ),
    pair(
        "blind-post-order-of-words",
        "Which of two words comes first, read by GlobalAveragePooling1D: 50 %.",
        "architecture-ill-suited",
        FOUND,
        before,
        (_order(False), _order(True)),
        E20,
    ),
    pair(
        "blind-post-board-one-relu",
        "Exclusive or by a hidden layer of a single unit.",
        "model-too-small",
        FOUND,
        problems.board,
        tuple(mlp(2, (1, "sigmoid"), w, optimizer=adam(0.01), **BCE) for w in ((1,), (32,))),
        E30,
    ),
)
