"""What the cases of rate_high and rate_high_late share."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import layers, optimizers


def disease(seed: int) -> dict[str, Any]:
    return tables.standard(tables.diabetes(seed), targets=True)


def disease_net(seed: int, rate: float) -> Any:
    stack = [layers.Dense(64, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
    return sequential((10,), *stack, optimizer=optimizers.SGD(rate), loss="mse", metrics=["mae"])


def line_net(seed: int, rate: float, momentum: float = 0.0) -> Any:
    sgd = optimizers.SGD(rate, momentum=momentum)
    return sequential((8,), layers.Dense(1), optimizer=sgd, loss="mean_squared_error")


def spiral_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(48, activation="tanh"), layers.Dense(48, activation="tanh")]
    stack.append(layers.Dense(3, activation="softmax"))
    loss = "sparse_categorical_crossentropy"
    return sequential((2,), *stack, optimizer=optimizer(), loss=loss, metrics=["accuracy"])


def rate_pair(name: str, story: str, data: Any, net: Any, bad: Any, good: Any, well: Any, **fit: Any) -> Any:
    """A case whose runs differ in what is passed to `net` as its second argument."""
    causes = " ".join([HIGH, *fit.pop("also", ())])
    return pair(
        name, story, causes, well, data, (lambda seed: net(seed, bad), lambda seed: net(seed, good)), fit
    )


HIGH = "learning-rate-too-high"
ACCURATE = last("val_accuracy", above=0.85)
