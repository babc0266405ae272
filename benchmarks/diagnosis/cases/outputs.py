"""Output activation and loss that do not go together."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.outputs_parts import (
    ACCURATE,
    BINARY,
    FIT,
    LAYER,
    LONG,
    NUMBER,
    PICTURE,
    digits_onehot,
    losses,
    outs,
)
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.problems import change
from benchmarks.diagnosis.tables import Fit


def _cancer(seed: int) -> Fit:
    return tables.standard(tables.cancer(seed))


def _logits_sparse() -> Any:
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _percent(seed: int) -> Fit:
    """A yield in percent, 0..100, of which sigmoid can reach only 1."""
    return change(problems.friction(seed), y=lambda y: 50.0 + 15.0 * y)


def _grades(seed: int) -> Fit:
    """A grade from 0 to 10."""
    return change(problems.friction(seed), y=lambda y: np.clip(5.0 + 2.0 * y, 0, 10).astype("float32"))


def _tanh_grades_net(seed: int, out: Any) -> Any:
    model = keras.Sequential()
    model.add(keras.Input((6,)))
    model.add(layers.Dense(40, activation="relu"))
    model.add(layers.Dense(20, activation="relu"))
    model.add(layers.Dense(1))
    if out:
        model.add(layers.Activation(out))
    model.compile(loss="mean_absolute_error", optimizer=optimizers.Adam(0.01))
    return model


def _reshaped_logits(seed: int, *, logits: bool) -> Any:
    """A sigmoid whose output goes through a Reshape, into a loss that is told of logits (or not)."""
    entry = keras.Input((2,))
    h = layers.Dense(32, activation="relu")(layers.Dense(32, activation="relu")(entry))
    out = layers.Reshape((1,))(layers.Dense(1, activation="sigmoid")(h))
    model = keras.Model(entry, out)
    loss = keras.losses.BinaryCrossentropy(from_logits=logits)
    model.compile(optimizer=optimizers.SGD(0.1), loss=loss, metrics=["accuracy"])
    return model


def _twice(seed: int, *, again: bool) -> Any:
    """Softmax in the layer and once more as a layer of its own."""
    stack = [layers.Dense(48, activation="relu"), layers.Dense(10, activation="softmax")]
    stack += [layers.Softmax()] if again else []
    return sequential(
        (64,),
        *stack,
        optimizer=optimizers.SGD(0.05),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _three_numbers(seed: int) -> Fit:
    def three(x: Any) -> Any:
        y = np.stack([np.sin(1.5 * x[:, 0]), x[:, 1] * 0.8, x[:, 2] - 0.5 * x[:, 3]], 1)
        return y.astype("float32")

    fit = problems.friction(seed)
    return {
        **fit,
        "y": three(fit["x"]),
        "validation_data": (fit["validation_data"][0], three(fit["validation_data"][0])),
    }


GOOD_FIT = last("val_loss", below=0.2)

CASES = (
    pair(
        "out-softmax-one-unit-cancer",
        "Dense(1, softmax) for benign or malignant: accuracy is the share of ones.",
        LAYER + " output-shape-mismatch",
        ACCURATE,
        _cancer,
        outs("softmax", "sigmoid", **BINARY),
        FIT,
    ),
    pair(
        "out-softmax-one-unit-mse",
        "Dense(1, softmax) with mean squared error for a number.",
        LAYER + " output-shape-mismatch",
        GOOD_FIT,
        problems.friction,
        outs("softmax", None, **NUMBER, loss="mse"),
        FIT,
    ),
    pair(
        "out-linear-bce",
        "The output activation was left out before binary cross-entropy.",
        LAYER,
        last("val_loss", below=0.12),
        _cancer,
        outs(None, "sigmoid", **BINARY),
        {"epochs": 8, "batch_size": 32},
    ),
    pair(
        "out-linear-sparse",
        "No softmax and no from_logits before sparse cross-entropy on digits.",
        LAYER,
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        losses("sparse_categorical_crossentropy", _logits_sparse, **PICTURE, out=None),
        FIT,
    ),
    pair(
        "out-relu-cce",
        "ReLU as the output of a classifier with categorical cross-entropy.",
        LAYER + " dying-relu",
        every(ACCURATE, last("val_loss", below=0.6)),
        digits_onehot,
        outs("relu", "softmax", **PICTURE, loss="categorical_crossentropy"),
        FIT,
    ),
    pair(
        "out-tanh-cce",
        "tanh as the output of a classifier with categorical cross-entropy.",
        LAYER,
        every(ACCURATE, last("val_loss", below=0.6)),
        digits_onehot,
        outs("tanh", "softmax", **PICTURE, loss="categorical_crossentropy"),
        FIT,
    ),
    pair(
        "out-sigmoid-percent",
        "A sigmoid output for a yield in percent.",
        LAYER + " unscaled-targets",
        last("val_loss", below=60.0),
        _percent,
        outs("sigmoid", None, **NUMBER, loss="mse", rate=0.02),
        LONG,
    ),
    pair(
        "out-tanh-grades",
        "tanh, as a layer of its own, before grades of 0 to 10.",
        LAYER + " unscaled-targets saturated-activations",
        last("val_loss", below=0.9),
        _grades,
        (partial(_tanh_grades_net, out="tanh"), partial(_tanh_grades_net, out=None)),
        LONG,
    ),
    pair(
        "out-relu-losses",
        "A ReLU output where half of the targets are below zero.",
        LAYER + " dying-relu",
        GOOD_FIT,
        problems.friction,
        outs("relu", None, **NUMBER, loss="mse"),
        LONG,
    ),
    pair(
        "out-softmax-regression",
        "softmax before three standardised numbers.",
        LAYER,
        last("val_loss", below=0.35),
        _three_numbers,
        outs("softmax", None, features=6, units=3, loss="mse", metrics=("mae",)),
        LONG,
    ),
    pair(
        "out-softmax-tags",
        "softmax over labels that can be on together, with binary cross-entropy.",
        LAYER,
        last("val_binary_accuracy", above=0.85),
        problems.tags,
        outs(
            "softmax",
            "sigmoid",
            features=12,
            units=6,
            loss="binary_crossentropy",
            metrics=("binary_accuracy",),
        ),
        LONG,
    ),
    pair(
        "out-sigmoid-told-logits",
        "A sigmoid and from_logits=True, with a Reshape between them.",
        LAYER,
        last("val_loss", below=0.3),
        problems.moons,
        (partial(_reshaped_logits, logits=True), partial(_reshaped_logits, logits=False)),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "out-softmax-softmax",
        "activation='softmax' and a Softmax layer behind it: the loss stops at 1.5.",
        LAYER,
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        (partial(_twice, again=True), partial(_twice, again=False)),
        {"epochs": 25, "batch_size": 32},
    ),
)
