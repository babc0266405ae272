"""Numbers that overflow, round to nought, or are divided by it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.settings_parts import (
    ACCURATE,
    FIT,
    LONG,
)
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, ops, optimizers
from benchmarks.diagnosis.tables import Fit


def _half(seed: int, dtype: str) -> Any:
    """The whole net in `dtype`, with a rate and epsilon that half precision cannot hold."""
    keras.config.set_dtype_policy(dtype)
    stack = [layers.Dense(32, activation="relu"), layers.Dense(10, activation="softmax")]
    model = sequential(
        (64,),
        *stack,
        optimizer=optimizers.Adam(0.003, epsilon=1e-8),
        metrics=["accuracy"],
        loss="sparse_categorical_crossentropy",
    )
    keras.config.set_dtype_policy("float32")
    return model


def _own_loss(
    seed: int,
    *,
    loss: Any,
    out: Any,
    features: int,
    units: int = 1,
    metrics: Any = ("mae",),
    rate: float = 0.01,
) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(units, activation=out)]
    return sequential((features,), *stack, optimizer=optimizers.Adam(rate), loss=loss, metrics=list(metrics))


def _log_loss(y: Any, p: Any) -> Any:
    """Cross-entropy by hand; log(0) as soon as a probability rounds to 0 or 1."""
    return -ops.mean(y * ops.log(p) + (1.0 - y) * ops.log(1.0 - p), axis=-1)


def _log_loss_safe(y: Any, p: Any) -> Any:
    p = ops.clip(p, 1e-6, 1.0 - 1e-6)
    return _log_loss(y, p)


def _root(y: Any, p: Any) -> Any:
    """The error's root; where the error is exactly 0 its gradient is infinite times zero."""
    return ops.sqrt(ops.sum(ops.square(y - p), axis=-1))


def _root_safe(y: Any, p: Any) -> Any:
    return ops.sqrt(ops.sum(ops.square(y - p), axis=-1) + 1e-8)


def _with_exact_zeros(seed: int) -> Fit:
    """Rain: half of the days none, and the net's ReLU says 0 too."""
    fit = problems.friction(seed)
    return problems.change(fit, y=lambda y: np.maximum(y, 0.0))


def _far_apart(seed: int) -> Fit:
    """Two classes that a net separates so well that float32 probabilities become exactly 0 and 1."""
    rng = np.random.default_rng(seed)
    y = (np.arange(800) % 2).astype("float32")[:, None]
    x = rng.normal(size=(800, 4)) + 20.0 * (2 * y - 1)
    return tables.split(x.astype("float32"), y, seed)


def _hand_softmax(seed: int, *, shifted: bool) -> Any:
    """exp over its sum, by hand, with or without the largest taken off first."""
    entry = keras.Input((64,))
    scores = layers.Dense(10)(layers.Dense(48, activation="relu")(layers.Rescaling(16.0)(entry)))
    top = (lambda t: t - ops.max(t, axis=-1, keepdims=True)) if shifted else (lambda t: 12.0 * t)
    grown = layers.Lambda(lambda t: ops.exp(top(t)), output_shape=(10,))(scores)
    out = layers.Lambda(lambda t: t / ops.sum(t, axis=-1, keepdims=True), output_shape=(10,))(grown)
    model = keras.Model(entry, out)
    model.compile(optimizers.Adam(0.002), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _divided(seed: int, *, guarded: bool) -> Any:
    """Each row is divided by its own spread inside the net; some rows are constant."""
    small = 1e-3 if guarded else 0.0
    entry = keras.Input((6,))
    own = layers.Lambda(
        lambda t: (t - ops.mean(t, -1, keepdims=True)) / (ops.std(t, -1, keepdims=True) + small)
    )(entry)
    h = layers.Dense(32, activation="relu")(layers.Concatenate()([entry, own]))
    model = keras.Model(entry, layers.Dense(1)(h))
    model.compile(optimizers.Adam(0.01), "mse")
    return model


def _some_constant(seed: int) -> Fit:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(800, 6)).astype("float32")
    x[rng.random(800) < 0.02] = 0.0
    return tables.split(x, np.abs(x[:, :1]) + x[:, 1:2], seed)


FORMAT = "numerical-instability"

CASES = (
    pair(
        "format-float16",
        "The whole net in float16 with Adam(epsilon=1e-8), which is 0 there.",
        FORMAT,
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        (partial(_half, dtype="float16"), partial(_half, dtype="float32")),
        FIT,
    ),
    pair(
        "format-log-of-zero",
        "Cross-entropy written by hand; once a probability is exactly 1, log(0).",
        FORMAT,
        last("val_loss", below=0.1),
        _far_apart,
        (
            partial(_own_loss, loss=_log_loss, out="sigmoid", features=4),
            partial(_own_loss, loss=_log_loss_safe, out="sigmoid", features=4),
        ),
        FIT,
    ),
    pair(
        "format-root-of-zero",
        "A root in the loss; on dry days error and prediction are both exactly 0.",
        FORMAT,
        last("val_loss", below=0.35),
        _with_exact_zeros,
        (
            partial(_own_loss, loss=_root, out="relu", features=6),
            partial(_own_loss, loss=_root_safe, out=None, features=6),
        ),
        LONG,
    ),
    pair(
        "format-exp-overflow",
        "Softmax written by hand without taking the largest off: exp overflows.",
        FORMAT,
        ACCURATE,
        tables.digits,
        (partial(_hand_softmax, shifted=False), partial(_hand_softmax, shifted=True)),
        FIT,
    ),
    pair(
        "format-zero-spread",
        "Rows are divided by their own spread inside the net; a few rows are constant.",
        FORMAT,
        last("val_loss", below=0.1),
        _some_constant,
        (partial(_divided, guarded=False), partial(_divided, guarded=True)),
        FIT,
    ),
)
