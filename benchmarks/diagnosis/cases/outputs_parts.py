"""What the cases of outputs and others share."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.kit import last, sequential
from benchmarks.diagnosis.lazy import layers, optimizers
from benchmarks.diagnosis.tables import Fit


def digits_onehot(seed: int) -> Fit:
    return tables.onehot(tables.digits(seed), 10)


def net(
    seed: int,
    features: int,
    units: int,
    out: Any,
    loss: Any,
    *,
    hidden: int = 32,
    rate: float = 0.005,
    metrics: Any = ("accuracy",),
) -> Any:
    """Two ReLU layers and the output layer under test."""
    stack = [layers.Dense(hidden, activation="relu"), layers.Dense(hidden, activation="relu")]
    stack.append(layers.Dense(units, activation=out))
    loss = loss() if callable(loss) else loss
    return sequential((features,), *stack, optimizer=optimizers.Adam(rate), loss=loss, metrics=list(metrics))


def outs(bad: Any, good: Any, **same: Any) -> Any:
    return (partial(net, out=bad, **same), partial(net, out=good, **same))


def losses(bad: Any, good: Any, **same: Any) -> Any:
    return (partial(net, loss=bad, **same), partial(net, loss=good, **same))


LAYER = "loss-activation-mismatch"
ACCURATE = last("val_accuracy", above=0.88)
FIT = {"epochs": 20, "batch_size": 32}
LONG = {"epochs": 40, "batch_size": 16}
BINARY = {"features": 30, "units": 1, "loss": "binary_crossentropy", "hidden": 64}
PICTURE = {"features": 64, "units": 10}
BOARD = {"features": 2, "units": 1}
NUMBER = {"features": 6, "units": 1, "metrics": ("mae",)}
