"""Healthy controls: schedules and optimizers."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.well_classic_parts import (
    ACCURATE,
    ADAM,
    FIT,
    GOOD_FIT,
    LONG,
    digits_net,
    law_net,
    made,
)
from benchmarks.diagnosis.kit import control, last, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.tables import Fit


def _scheduled(kind: str, *how: Any, **more: Any) -> Any:
    return lambda: optimizers.SGD(getattr(optimizers.schedules, kind)(*how, **more), momentum=0.9)


def _by_epoch(rates: Any) -> Any:
    return lambda seed: [keras.callbacks.LearningRateScheduler(lambda epoch: float(rates(epoch)))]


def _one_cycle(epoch: int) -> float:
    """Up to the fortieth part of the way, then down in a cosine, over 25 epochs."""
    return 0.02 + 0.48 * (epoch / 10 if epoch < 10 else 0.5 + 0.5 * math.cos(math.pi * (epoch - 10) / 15))


def _restarts(epoch: int) -> float:
    """SGDR: every ten epochs from 0.5 down to nearly nought."""
    return 0.005 + 0.3 * (0.5 + 0.5 * math.cos(math.pi * (epoch % 10) / 10))


def _stop(seed: int) -> list[Any]:
    return [keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)]


def _onehot(seed: int) -> Fit:
    return tables.onehot(tables.digits(seed), 10)


def _smooth(seed: int) -> Any:
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    return digits_net(seed, made("Adam", learning_rate=0.003), loss=loss)


BENT = problems.friction

CASES = (
    control(
        "well-dropout-half",
        "Dropout: the training loss stays above the validation loss all along.",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=ADAM, drop=0.5),
        LONG,
    ),
    control(
        "well-cosine-decay",
        "CosineDecay to nought over the whole run; the end stands still on purpose.",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=_scheduled("CosineDecay", 0.1, 600)),
        FIT,
    ),
    control(
        "well-one-cycle",
        "One cycle from 0.02 to 0.5 and back: the loss has a hump in the middle.",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=made("SGD", learning_rate=0.02)),
        {"epochs": 25, "batch_size": 32},
        _by_epoch(_one_cycle),
    ),
    control(
        "well-warm-restarts",
        "Restarts each ten epochs; the loss leaps at each.",
        GOOD_FIT,
        BENT,
        partial(law_net, optimizer=made("SGD", learning_rate=0.3)),
        LONG,
        _by_epoch(_restarts),
    ),
    control(
        "well-warm-up",
        "A warm-up of five epochs in which next to nothing happens.",
        ACCURATE,
        tables.digits,
        partial(
            digits_net, optimizer=_scheduled("CosineDecay", 1e-5, 600, warmup_target=0.1, warmup_steps=200)
        ),
        {"epochs": 20, "batch_size": 32},
    ),
    control(
        "well-step-decay",
        "PiecewiseConstantDecay in three steps.",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=_scheduled("PiecewiseConstantDecay", [250, 450], [0.1, 0.01, 0.001])),
        FIT,
    ),
    control(
        "well-rmsprop",
        "RMSprop on a bent law.",
        GOOD_FIT,
        BENT,
        partial(law_net, optimizer=made("RMSprop", learning_rate=0.003)),
        LONG,
    ),
    control(
        "well-adagrad",
        "Adagrad with a rate that suits it.",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=made("Adagrad", learning_rate=0.1)),
        FIT,
    ),
    control(
        "well-lion",
        "Lion: every step moves every weight by the same amount.",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=made("Lion", learning_rate=5e-4)),
        FIT,
    ),
    control(
        "well-nadam-tanh",
        "Nadam over tanh layers.",
        GOOD_FIT,
        BENT,
        partial(law_net, optimizer=made("Nadam", learning_rate=0.004), act="tanh"),
        LONG,
    ),
    control(
        "well-adamw",
        "AdamW with its usual decay.",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=made("AdamW", learning_rate=0.003, weight_decay=0.004)),
        FIT,
    ),
    control(
        "well-adadelta-one",
        "Adadelta with a rate of 1 and GELU.",
        ACCURATE,
        tables.digits,
        partial(digits_net, optimizer=made("Adadelta", learning_rate=1.0), act="gelu"),
        FIT,
    ),
    control(
        "well-sgd-string",
        "optimizer='sgd' on a linear law: slow but there.",
        last("val_loss", below=0.05),
        problems.line,
        lambda seed: sequential((8,), layers.Dense(1), optimizer="sgd", loss="mse"),
        LONG,
    ),
    control(
        "well-clipnorm",
        "clipnorm=1.0 with momentum; many early steps are cut.",
        GOOD_FIT,
        BENT,
        partial(law_net, optimizer=made("SGD", learning_rate=0.05, momentum=0.9, clipnorm=1.0)),
        LONG,
    ),
    control(
        "well-silu",
        "SiLU on a bent law.",
        GOOD_FIT,
        BENT,
        partial(law_net, optimizer=ADAM, act="silu"),
        LONG,
    ),
    control(
        "well-early-stopping",
        "EarlyStopping with patience and restore_best_weights.",
        lambda h: min(h["val_loss"]) < 0.2,
        BENT,
        partial(law_net, optimizer=made("Adam", learning_rate=0.01)),
        {"epochs": 80, "batch_size": 32},
        _stop,
    ),
    control(
        "well-label-smoothing",
        "Label smoothing of 0.2: the loss cannot go below 0.9.",
        ACCURATE,
        _onehot,
        _smooth,
        FIT,
    ),
    control(
        "well-three-epochs",
        "Three epochs only, but they are enough.",
        last("val_accuracy", above=0.9),
        tables.digits,
        partial(digits_net, optimizer=made("Adam", learning_rate=0.02)),
        {"epochs": 4, "batch_size": 16},
    ),
)
