"""What the cases of data_broken and data_labels and data_validation share."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.kit import last, sequential
from benchmarks.diagnosis.lazy import layers, optimizers
from benchmarks.diagnosis.tables import Fit


def wine(seed: int) -> Fit:
    return tables.standard(tables.wine(seed))


def dense(
    seed: int, features: int, units: int, *, width: int = 32, optimizer: Any = None, **compiled: Any
) -> Any:
    """A plain classifier: one unit means two classes."""
    stack = [layers.Dense(width, activation="relu"), layers.Dense(width, activation="relu")]
    stack.append(layers.Dense(units, activation="softmax" if units > 1 else "sigmoid"))
    loss = "sparse_categorical_crossentropy" if units > 1 else "binary_crossentropy"
    compiled = {"metrics": ["accuracy"]} | compiled
    return sequential(
        (features,), *stack, optimizer=optimizer() if optimizer else "adam", loss=loss, **compiled
    )


def mean_net(seed: int, features: int, rate: float = 0.003) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
    return sequential((features,), *stack, optimizer=optimizers.Adam(rate), loss="mse", metrics=["mae"])


MANY = {"epochs": 15, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
