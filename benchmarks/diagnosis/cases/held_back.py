"""Too much regularisation, and frozen layers."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.fitting_parts import (
    FIT,
)
from benchmarks.diagnosis.kit import last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, ops, optimizers


def _held(
    seed: int,
    *,
    l2: float = 0.0,
    l1: float = 0.0,
    drop: float = 0.0,
    noise: float = 0.0,
    activity: float = 0.0,
) -> Any:
    """A net for digits with whichever brake was put on."""
    penalty = partial(keras.regularizers.L1L2, l1=l1, l2=l2)
    model = keras.Sequential([keras.Input((64,))])
    if noise:
        model.add(layers.GaussianNoise(noise))
    for width in (64, 32):
        loud = keras.regularizers.L1(activity) if activity else None
        model.add(
            layers.Dense(width, activation="relu", kernel_regularizer=penalty(), activity_regularizer=loud)
        )
        model.add(layers.Dropout(drop))
    model.add(layers.Dense(10, activation="softmax", kernel_regularizer=penalty()))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _bounded(seed: int, size: float) -> Any:
    limit = partial(keras.constraints.MaxNorm, size)
    stack = [layers.Dense(48, activation="relu", kernel_constraint=limit(), bias_constraint=limit())]
    stack.append(layers.Dense(10, activation="softmax", kernel_constraint=limit(), bias_constraint=limit()))
    loss = "sparse_categorical_crossentropy"
    return sequential((64,), *stack, optimizer="adam", loss=loss, metrics=["accuracy"])


def _base(seed: int, *, learn: bool) -> Any:
    """'Transfer learning' from a base that was never trained."""
    base = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(6, 3, strides=2, activation="relu"),
            layers.Conv2D(6, 3, strides=2, activation="relu"),
            layers.GlobalMaxPooling2D(),
        ]
    )
    base.trainable = learn
    return sequential(
        (12, 12, 1),
        base,
        layers.Dense(3, activation="softmax"),
        optimizer=optimizers.Adam(0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _all_frozen(seed: int, *, frozen: bool) -> Any:
    """`for layer in model.layers: layer.trainable = False`, but for the head."""
    stack = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu")]
    model = sequential(
        (6,), *stack, layers.Dense(4, activation="softmax"), loss="sparse_categorical_crossentropy"
    )
    for layer in model.layers[:-1]:
        layer.trainable = not frozen
    if frozen:
        model.layers[0].set_weights([0.02 * w for w in model.layers[0].get_weights()])
        model.layers[1].set_weights([0.02 * w for w in model.layers[1].get_weights()])
    model.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _cut(seed: int, *, cut: bool) -> Any:
    """A rounding inside the net lets no gradient through."""
    entry = keras.Input((2,))
    h = layers.Dense(4, activation="tanh")(entry)
    if cut:
        h = layers.Lambda(lambda t: ops.round(t))(h)
    h = layers.Dense(24, activation="relu")(h)
    model = keras.Model(entry, layers.Dense(1, activation="sigmoid")(h))
    model.compile(optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


ACCURATE = last("val_accuracy", above=0.88)
BRAKE = "over-regularized"

CASES = (
    pair(
        "held-l2-half",
        "L2(0.5) on every kernel: the loss falls and all classes come out alike.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, l2=0.5), partial(_held, l2=1e-4)),
        FIT,
    ),
    pair(
        "held-l1-tenth",
        "L1(0.1) on every kernel; accuracy one tenth, loss 2.30.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, l1=0.1), partial(_held, l1=1e-5)),
        FIT,
    ),
    pair(
        "held-dropout-nine-tenths",
        "Dropout(0.95) behind each layer, as if it were the share to keep.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, drop=0.95), partial(_held, drop=0.1)),
        FIT,
    ),
    pair(
        "held-activity-ten",
        "An activity penalty of 10 on the hidden units.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, activity=10.0), partial(_held, activity=1e-5)),
        FIT,
    ),
    pair(
        "held-max-norm",
        "MaxNorm(0.01) on all kernels.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_bounded, size=0.01), partial(_bounded, size=4.0)),
        FIT,
    ),
    pair(
        "frozen-random-base",
        "A base that was never trained, frozen, and a head of fifteen weights.",
        "frozen-layers",
        last("val_accuracy", above=0.85),
        problems.shapes,
        (partial(_base, learn=False), partial(_base, learn=True)),
        {"epochs": 50, "batch_size": 32},
    ),
    pair(
        "frozen-all-but-head",
        "All hidden layers frozen where only the first should be; they pass on next to nothing.",
        "frozen-layers bad-initialization",
        last("val_accuracy", above=0.85),
        problems.blobs,
        (partial(_all_frozen, frozen=True), partial(_all_frozen, frozen=False)),
        FIT,
    ),
    pair(
        "frozen-by-rounding",
        "A rounding in a Lambda layer: no gradient reaches what lies before.",
        "frozen-layers architecture-ill-suited",
        ACCURATE,
        problems.board,
        (partial(_cut, cut=True), partial(_cut, cut=False)),
        {"epochs": 60, "batch_size": 32},
    ),
)
