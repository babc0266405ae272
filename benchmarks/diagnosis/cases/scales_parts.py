"""What the cases of scale_inputs and scale_targets share."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.kit import sequential
from benchmarks.diagnosis.lazy import layers


def scaled(data: Any, *, targets: bool = False) -> Any:
    return lambda seed: tables.standard(data(seed), targets=targets)


def flats_net(seed: int, optimizer: str = "adam", activation: str = "relu") -> Any:
    stack = [
        layers.Dense(32, activation=activation),
        layers.Dense(16, activation=activation),
        layers.Dense(1),
    ]
    return sequential((5,), *stack, optimizer=optimizer, loss="mean_squared_error", metrics=["mae"])


FEATURES = "unscaled-features"
E3 = {"epochs": 30, "batch_size": 32}
