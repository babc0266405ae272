"""Initial weights."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.weights_parts import (
    ACCURATE,
    DIGITS,
    FIT,
    LONG,
    adam,
    deep,
    sgd,
    start,
)
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import layers


def _inits(bad: Any, good: Any, **same: Any) -> Any:
    return (partial(deep, init=bad, **same), partial(deep, init=good, **same))


def _conv_zero(seed: int, init: str) -> Any:
    stack = [layers.Conv2D(12, 3, activation="relu", kernel_initializer=init), layers.Flatten()]
    stack.append(layers.Dense(3, activation="softmax", kernel_initializer=init))
    loss = "sparse_categorical_crossentropy"
    return sequential((12, 12, 1), *stack, optimizer="adam", loss=loss, metrics=["accuracy"])


INIT = "bad-initialization"

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
        _inits("ones", "glorot_uniform", **DIGITS, optimizer=sgd(0.05)),
        FIT,
    ),
    pair(
        "init-constant-tanh",
        "Constant(0.05) in three tanh layers: symmetric units.",
        INIT + " model-too-small",
        last("val_accuracy", above=0.85),
        problems.spiral,
        _inits(
            start("Constant", value=0.05),
            "glorot_uniform",
            act="tanh",
            features=2,
            units=3,
            depth=3,
            optimizer=adam(0.01),
        ),
        LONG,
    ),
    pair(
        "init-normal-three",
        "RandomNormal(stddev=3) under ReLUs: the first loss is in the thousands.",
        INIT + " exploding-gradients learning-rate-too-low",
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _inits(start("RandomNormal", stddev=3.0), "he_normal", **DIGITS, depth=3),
        FIT,
    ),
    pair(
        "init-uniform-zero-to-one",
        "RandomUniform(0, 1): every weight is positive.",
        INIT + " exploding-gradients dying-relu",
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _inits(
            start("RandomUniform", minval=0.0, maxval=1.0),
            "glorot_uniform",
            **DIGITS,
            width=64,
            optimizer=sgd(0.05),
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
            start("RandomNormal", stddev=1e-3),
            "glorot_normal",
            act="tanh",
            depth=6,
            features=6,
            units=4,
            optimizer=sgd(0.1),
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
            start("RandomNormal", stddev=4.0),
            "glorot_uniform",
            act="sigmoid",
            **DIGITS,
            width=48,
            optimizer=adam(0.003),
        ),
        {"epochs": 20, "batch_size": 32},
    ),
)
