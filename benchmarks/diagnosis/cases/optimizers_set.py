"""Optimizer settings that make no sense, optimizers that cannot do it."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.settings_parts import (
    ACCURATE,
    ADAM,
    FIT,
    GOOD_FIT,
    LONG,
    digits_net,
    law_net,
    made,
)
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import layers
from benchmarks.diagnosis.tables import Fit


def _text_net(seed: int, optimizer: Any) -> Any:
    stack = [
        layers.Embedding(400, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ]
    return sequential((20,), *stack, optimizer=optimizer(), loss="binary_crossentropy", metrics=["accuracy"])


def _valley(seed: int) -> Fit:
    """A linear law whose columns are nearly the same: one direction is a thousand times flatter."""
    rng = np.random.default_rng(seed)
    both = rng.normal(size=(800, 1))
    x = np.concatenate([both + 0.03 * rng.normal(size=(800, 1)) for _ in range(4)], 1)
    y = 10.0 * (x[:, :1] - x[:, 1:2]) + 10.0 * (x[:, 2:3] - x[:, 3:4])
    return tables.split(x.astype("float32"), y.astype("float32"), seed)


def _valley_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(16, activation="tanh"), layers.Dense(1)]
    return sequential((4,), *stack, optimizer=optimizer(), loss="mse")


def _steps(bad: Any, good: Any, net: Any) -> Any:
    return (lambda seed: net(seed, bad), lambda seed: net(seed, good))


SET = "optimizer-misconfigured"
KIND = "optimizer-ill-suited"

CASES = (
    pair(
        "set-momentum-one",
        "SGD with momentum=1.0: nothing ever slows down.",
        SET + " learning-rate-too-high",
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _steps(
            made("SGD", learning_rate=0.05, momentum=1.0),
            made("SGD", learning_rate=0.05, momentum=0.9),
            digits_net,
        ),
        FIT,
    ),
    pair(
        "set-momentum-999",
        "momentum=0.999 in a regression: huge slow swings.",
        SET + " learning-rate-too-high",
        GOOD_FIT,
        problems.friction,
        _steps(
            made("SGD", learning_rate=0.05, momentum=0.999),
            made("SGD", learning_rate=0.05, momentum=0.9),
            law_net,
        ),
        LONG,
    ),
    pair(
        "set-clipnorm-1e-6",
        "clipnorm=1e-6 with SGD: every step is a millionth long.",
        SET + " learning-rate-too-low",
        ACCURATE,
        tables.digits,
        _steps(
            made("SGD", learning_rate=0.1, clipnorm=1e-6),
            made("SGD", learning_rate=0.1, clipnorm=1.0),
            digits_net,
        ),
        FIT,
    ),
    pair(
        "set-clipvalue-1e-5",
        "clipvalue=1e-5 with SGD in a regression.",
        SET + " learning-rate-too-low",
        GOOD_FIT,
        problems.friction,
        _steps(
            made("SGD", learning_rate=0.05, clipvalue=1e-5),
            made("SGD", learning_rate=0.05, clipvalue=0.5),
            law_net,
        ),
        {"epochs": 50, "batch_size": 32},
    ),
    pair(
        "set-adam-epsilon-thousand",
        "Adam(epsilon=1000), copied from somewhere: steps a thousandth of what is due.",
        SET + " learning-rate-too-low",
        ACCURATE,
        tables.digits,
        _steps(made("Adam", learning_rate=0.003, epsilon=1000.0), ADAM, digits_net),
        FIT,
    ),
    pair(
        "set-adamw-decay-100",
        "AdamW(weight_decay=100): weights are pulled to nought at each step.",
        SET + " over-regularized",
        ACCURATE,
        tables.digits,
        _steps(
            made("AdamW", learning_rate=0.003, weight_decay=100.0),
            made("AdamW", learning_rate=0.003, weight_decay=0.004),
            digits_net,
        ),
        FIT,
    ),
    pair(
        "set-sgd-decay-ten",
        "SGD(weight_decay=5) on the law of friction.",
        SET + " over-regularized",
        GOOD_FIT,
        problems.friction,
        _steps(
            made("SGD", learning_rate=0.05, weight_decay=5.0),
            made("SGD", learning_rate=0.05, weight_decay=1e-4),
            law_net,
        ),
        {"epochs": 50, "batch_size": 32},
    ),
    pair(
        "kind-sgd-valley",
        "SGD along a valley a thousand times longer than wide; Adam walks it.",
        KIND + " learning-rate-too-low too-few-epochs unscaled-features",
        last("val_loss", below=0.1),
        _valley,
        _steps(made("SGD", learning_rate=0.05), made("Adam", learning_rate=0.02), _valley_net),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "kind-sgd-embedding",
        "optimizer='sgd' over an embedding whose rows are seldom touched.",
        KIND + " learning-rate-too-low too-few-epochs",
        ACCURATE,
        problems.texts,
        _steps(lambda: "sgd", made("Adam", learning_rate=0.01), _text_net),
        FIT,
    ),
    pair(
        "kind-ftrl-digits",
        "Ftrl as it comes, for a net with a hidden layer: it begins by setting weights to zero.",
        KIND + " learning-rate-too-low",
        ACCURATE,
        tables.digits,
        _steps(lambda: "ftrl", ADAM, digits_net),
        FIT,
    ),
)
