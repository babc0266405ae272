"""What the cases of well_steps and well_feeds and well_data share."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis.kit import last, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def digits_net(
    seed: int, optimizer: Any, *, act: str = "relu", drop: float = 0.0, width: int = 64, **compiled: Any
) -> Any:
    stack = [
        layers.Dense(width, activation=act),
        layers.Dropout(drop),
        layers.Dense(10, activation="softmax"),
    ]
    compiled = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | compiled
    return sequential((64,), *stack, optimizer=optimizer(), **compiled)


def law_net(
    seed: int, optimizer: Any, *, act: str = "relu", loss: Any = "mse", out: Any = None, features: int = 6
) -> Any:
    stack = [
        layers.Dense(32, activation=act),
        layers.Dense(32, activation=act),
        layers.Dense(1, activation=out),
    ]
    return sequential((features,), *stack, optimizer=optimizer(), loss=loss, metrics=["mae"])


def made(kind: str, **how: Any) -> Any:
    return lambda: getattr(optimizers, kind)(**how)


def logit_net(seed: int, features: int, width: int = 8) -> Any:
    stack = [layers.Dense(width, activation="relu"), layers.Dense(1, activation="sigmoid")]
    return sequential(
        (features,),
        *stack,
        optimizer=optimizers.Adam(0.01),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.Recall(name="recall")],
    )


ACCURATE = last("val_accuracy", above=0.88)
GOOD_FIT = last("val_loss", below=0.2)
ADAM = made("Adam", learning_rate=0.003)
FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 30, "batch_size": 32}
