"""What the cases of optimizers_set and batches and formats share."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis.kit import last, sequential
from benchmarks.diagnosis.lazy import layers, optimizers


def digits_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(48, activation="relu"), layers.Dense(10, activation="softmax")]
    loss = "sparse_categorical_crossentropy"
    return sequential((64,), *stack, optimizer=optimizer(), loss=loss, metrics=["accuracy"])


def law_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
    return sequential((6,), *stack, optimizer=optimizer(), loss="mse", metrics=["mae"])


def made(kind: str, **how: Any) -> Any:
    return lambda: getattr(optimizers, kind)(**how)


FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 30, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
GOOD_FIT = last("val_loss", below=0.2)
ADAM = made("Adam", learning_rate=0.003)
