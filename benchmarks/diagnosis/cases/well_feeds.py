"""Healthy controls: pipelines, weights of rows, raw data that are scaled inside."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.well_classic_parts import (
    ACCURATE,
    ADAM,
    FIT,
    GOOD_FIT,
    LONG,
    digits_net,
    law_net,
    logit_net,
)
from benchmarks.diagnosis.kit import control, last, sequential
from benchmarks.diagnosis.lazy import layers, optimizers, tf
from benchmarks.diagnosis.tables import Fit


def _rare_learned(seed: int) -> Fit:
    fit = problems.rare(seed, share=0.04)
    lift = np.array([2.0] * 3 + [0.0] * 5, "float32")

    def move(x: Any, y: Any) -> Any:
        return (x + y[:, None] * lift).astype("float32")

    xv, yv = fit["validation_data"]
    return {**fit, "x": move(fit["x"], fit["y"]), "validation_data": (move(xv, yv), yv)}


def _streamed(seed: int) -> Fit:
    fit = tables.digits(seed)
    train = (
        tf.data.Dataset.from_tensor_slices((fit["x"], fit["y"]))
        .shuffle(1500, seed=seed)
        .batch(32)
        .prefetch(2)
    )
    return {
        "x": train,
        "validation_data": tf.data.Dataset.from_tensor_slices(fit["validation_data"]).batch(128),
    }


def _generated(seed: int) -> Fit:
    """An endless generator with steps_per_epoch."""
    fit = problems.friction(seed)

    def batches() -> Any:
        rng = np.random.default_rng(seed)
        while True:
            rows = rng.integers(0, len(fit["x"]), 32)
            yield fit["x"][rows], fit["y"][rows]

    return {"x": batches(), "validation_data": fit["validation_data"], "steps_per_epoch": 20}


def _weighed(seed: int) -> Fit:
    """Recent rows count more: sample weights that fall off over the rows."""
    fit = problems.friction(seed)
    return {**fit, "sample_weight": np.exp(-np.linspace(0, 2, len(fit["x"]))).astype("float32")}


def _balanced(seed: int) -> Fit:
    return {**_rare_learned(seed), "class_weight": {0: 0.52, 1: 12.0}}


def _raw_but_normal(seed: int) -> Any:
    """Raw wine through a Normalization layer that was adapted."""
    norm = layers.Normalization()
    norm.adapt(tables.wine(seed)["x"])
    stack = [norm, layers.Dense(24, activation="relu"), layers.Dense(3, activation="softmax")]
    return sequential(
        (13,),
        *stack,
        optimizer=optimizers.Adam(0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _raw_but_rescaled(seed: int) -> Any:
    stack = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
    ]
    stack.append(layers.Dense(10, activation="softmax"))
    return sequential(
        (8, 8, 1),
        *stack,
        optimizer=optimizers.Adam(0.005),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _raw_but_batchnorm(seed: int) -> Any:
    stack = [
        layers.BatchNormalization(momentum=0.9),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
    return sequential(
        (30,), *stack, optimizer=optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"]
    )


CASES = (
    control(
        "well-rare-but-found",
        "Four percent of ones, and nearly all are found.",
        last("val_recall", above=0.7),
        _rare_learned,
        partial(logit_net, features=8),
        FIT,
    ),
    control(
        "well-class-weight",
        "The same with class_weight: the loss reported is that of weighted rows.",
        last("val_recall", above=0.8),
        _balanced,
        partial(logit_net, features=8),
        FIT,
    ),
    control(
        "well-tf-data",
        "A tf.data pipeline with shuffle and prefetch, no batch_size known.",
        ACCURATE,
        _streamed,
        partial(digits_net, optimizer=ADAM),
        {"epochs": 15},
    ),
    control(
        "well-generator",
        "An endless Python generator.",
        GOOD_FIT,
        _generated,
        partial(law_net, optimizer=ADAM),
        {"epochs": 30},
    ),
    control(
        "well-sample-weight",
        "Sample weights that fall off by age.",
        GOOD_FIT,
        _weighed,
        partial(law_net, optimizer=ADAM),
        LONG,
    ),
    control(
        "well-raw-normalization",
        "Raw wine and a Normalization layer.",
        ACCURATE,
        tables.wine,
        _raw_but_normal,
        LONG,
    ),
    control(
        "well-raw-rescaling",
        "Pixels of 0..255 and a Rescaling layer.",
        ACCURATE,
        partial(tables.digits, scale=16 / 255, image=True),
        _raw_but_rescaled,
        FIT,
    ),
    control(
        "well-raw-batchnorm",
        "Raw tumours and a BatchNormalization in front.",
        ACCURATE,
        tables.cancer,
        _raw_but_batchnorm,
        FIT,
    ),
)
