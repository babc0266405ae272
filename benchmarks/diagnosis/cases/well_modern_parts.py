"""What the cases of well_nets and well_losses and well_models share."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis.kit import last, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def compiled(entry: Any, out: Any, optimizer: Any, **compiled: Any) -> Any:
    model = keras.Model(entry, out)
    model.compile(optimizer=optimizer, **compiled)
    return model


def number_net(
    seed: int, *, loss: Any, out: Any = None, features: int = 6, rate: float = 0.005, units: int = 1
) -> Any:
    stack = [
        layers.Dense(32, activation="relu"),
        layers.Dense(32, activation="relu"),
        layers.Dense(units, activation=out),
    ]
    return sequential((features,), *stack, optimizer=optimizers.Adam(rate), loss=loss, metrics=["mae"])


SPARSE = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
BINARY = {"loss": "binary_crossentropy", "metrics": ["accuracy"]}
FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 30, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
GOOD_FIT = last("val_loss", below=0.2)
