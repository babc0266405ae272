"""Runs that stop too early."""

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
from benchmarks.diagnosis.kit import last, pair
from benchmarks.diagnosis.lazy import keras


def _stopping(**how: Any) -> Any:
    return lambda seed: [keras.callbacks.EarlyStopping(monitor="val_loss", **how)]


CASES = (
    pair(
        "epochs-three-of-moons",
        "Three epochs of Adam(0.001) over 560 points; the loss is still falling fast.",
        "too-few-epochs learning-rate-too-low",
        last("val_loss", below=0.2),
        problems.moons,
        rates(adam(1e-3), adam(1e-3), moons_net),
        ({"epochs": 3, "batch_size": 32}, {"epochs": 60, "batch_size": 32}),
    ),
    pair(
        "epochs-one-of-digits",
        "A single pass over the digits with SGD(0.05), and 60 percent right.",
        "too-few-epochs learning-rate-too-low",
        last("val_accuracy", above=0.9),
        tables.digits,
        rates(sgd(0.05), sgd(0.05), digits_net),
        ({"epochs": 1, "batch_size": 32}, {"epochs": 20, "batch_size": 32}),
    ),
    pair(
        "epochs-early-stopping-too-eager",
        "EarlyStopping(min_delta=0.2, patience=1) ends it in the third epoch.",
        "too-few-epochs",
        last("val_accuracy", above=0.9),
        tables.digits,
        rates(sgd(0.03), sgd(0.03), digits_net),
        {"epochs": 30, "batch_size": 32},
        (_stopping(min_delta=0.5, patience=1), _stopping(patience=5)),
    ),
    pair(
        "epochs-steps-per-epoch-two",
        "steps_per_epoch=2 was copied along: five epochs are ten steps.",
        "too-few-epochs learning-rate-too-low batch-size-ill-suited",
        ACCURATE,
        problems.tones,
        rates(adam(3e-3), adam(3e-3), tones_net),
        ({"epochs": 5, "batch_size": 32, "steps_per_epoch": 2}, {"epochs": 14, "batch_size": 32}),
    ),
    pair(
        "epochs-two-of-waves",
        "Two epochs of an LSTM at a sane rate; half way down.",
        "too-few-epochs learning-rate-too-low",
        last("val_loss", below=0.05),
        problems.waves,
        rates(adam(3e-3), adam(3e-3), waves_net),
        ({"epochs": 2, "batch_size": 32}, {"epochs": 25, "batch_size": 32}),
    ),
)
