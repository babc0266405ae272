"""Blind cases: outputs, losses and labels as beginners choose them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.cases.blind_parts import (
    ACCURATE,
    airline,
    altered,
    cancer,
    churn,
    friedman,
    load_curve,
    mlp,
    net,
    news,
    rings,
    suburbs_scaled,
    xor,
)
from benchmarks.diagnosis.kit import every, last, pair
from benchmarks.diagnosis.lazy import layers, ops, optimizers
from benchmarks.diagnosis.tables import Fit

SPARSE: dict[str, Any] = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
BCE: dict[str, Any] = {"loss": "binary_crossentropy", "metrics": ["accuracy"]}


def _whole(fit: Fit, rng: Any) -> Fit:
    """Inputs are the targets, as for an autoencoder."""
    xv, _ = fit["validation_data"]
    return {"x": fit["x"], "y": fit["x"], "validation_data": (xv, xv)}


def _coded(fit: Fit, rng: Any) -> Fit:
    """Species kept as the codes 10, 20 and 30 of the file."""
    xv, yv = fit["validation_data"]
    return {"x": fit["x"], "y": 10 * (fit["y"] + 1), "validation_data": (xv, 10 * (yv + 1))}


def _words(out: Any, loss: str) -> Any:
    stack = lambda: [layers.Embedding(600, 16), layers.GlobalAveragePooling1D(), layers.Dense(*out)]  # noqa: E731
    return net((25,), stack, loss=loss, metrics=["accuracy"], optimizer=lambda: optimizers.Adam(0.01))


def _exp_loss(y: Any, out: Any) -> Any:
    """An exponential loss, written without looking at how large the exponent gets."""
    return ops.mean(ops.exp(-12.0 * (2.0 * y - 1.0) * out))


def _soft_loss(y: Any, out: Any) -> Any:
    return ops.mean(ops.softplus(-(2.0 * y - 1.0) * out))


_LSTM = net(
    (12, 1),
    lambda: [layers.LSTM(24), layers.Dense(1)],
    loss="mse",
    metrics=["r2_score"],
    optimizer=lambda: optimizers.Adam(0.005),
)

CASES = (
    pair(
        "blind-xor-relu-output",
        "XOR from a tutorial with a ReLU on the last layer; the loss stands still.",
        "loss-activation-mismatch dying-relu",
        last("accuracy", above=0.9),
        xor,
        tuple(
            mlp(2, (1, a), (8,), "tanh", optimizer=lambda: optimizers.Adam(0.05), **BCE)
            for a in ("relu", "sigmoid")
        ),
        {"epochs": 250, "batch_size": 4},
    ),
    pair(
        "blind-iris-one-unit",
        "Iris with one output unit under sparse categorical cross-entropy.",
        "output-shape-mismatch loss-target-mismatch",
        ACCURATE,
        tables.iris,
        (mlp(4, (1, "sigmoid"), (16,), **SPARSE), mlp(4, (3, "softmax"), (16,), **SPARSE)),
        {"epochs": 80, "batch_size": 8},
    ),
    pair(
        "blind-iris-codes",
        "Species 10, 20, 30 regressed by a sigmoid under mse; accuracy is 0.",
        "loss-target-mismatch loss-activation-mismatch output-shape-mismatch unscaled-targets",
        ACCURATE,
        (altered(tables.iris, _coded), tables.iris),
        (
            mlp(4, (1, "sigmoid"), (16,), loss="mse", metrics=["accuracy"]),
            mlp(4, (3, "softmax"), (16,), **SPARSE),
        ),
        {"epochs": 80, "batch_size": 8},
    ),
    pair(
        "blind-suburbs-sigmoid-output",
        "House prices in thousands with a sigmoid output; the mse stays at 500.",
        "loss-activation-mismatch",
        last("val_loss", below=15.0),
        suburbs_scaled,
        tuple(
            mlp(13, (1, a), (64, 64), loss="mse", optimizer=lambda: optimizers.Adam(0.005))
            for a in ("sigmoid", None)
        ),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "blind-friedman-softmax-output",
        "A regression whose one output unit has a softmax, copied from a classifier; the loss never moves.",
        "loss-activation-mismatch",
        last("val_loss", below=0.3),
        friedman,
        tuple(
            mlp(10, (1, a), (48, 24), loss="mae", optimizer=lambda: optimizers.Adam(0.005))
            for a in ("softmax", None)
        ),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "blind-autoencoder-sigmoid",
        "An autoencoder of standardised measurements with a sigmoid output.",
        "loss-activation-mismatch",
        last("val_loss", below=0.3),
        altered(cancer, _whole),
        tuple(
            mlp(30, (30, a), (24, 8, 24), loss="mse", optimizer=lambda: optimizers.Adam(0.005))
            for a in ("sigmoid", None)
        ),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "blind-two-units-bce-integers",
        "Two softmax units, binary cross-entropy, labels 0 and 1 as integers: fit raises.",
        "loss-target-mismatch output-shape-mismatch",
        ACCURATE,
        churn,
        (mlp(10, (2, "softmax"), (32, 16), **BCE), mlp(10, (2, "softmax"), (32, 16), **SPARSE)),
        {"epochs": 25, "batch_size": 32},
    ),
    pair(
        "blind-topics-as-number",
        "Five topics regressed as the numbers 0 to 4 with mse; accuracy stays low.",
        "loss-target-mismatch output-shape-mismatch",
        ACCURATE,
        news,
        (_words((1, None), "mse"), _words((5, "softmax"), "sparse_categorical_crossentropy")),
        {"epochs": 15, "batch_size": 32},
    ),
    pair(
        "blind-topics-categorical",
        "categorical_crossentropy with integer topics: shapes (None, 1) and (None, 5) are incompatible.",
        "loss-target-mismatch output-shape-mismatch",
        ACCURATE,
        news,
        (
            _words((5, "softmax"), "categorical_crossentropy"),
            _words((5, "softmax"), "sparse_categorical_crossentropy"),
        ),
        {"epochs": 15, "batch_size": 32},
    ),
    pair(
        "blind-rings-no-activations",
        "Three Dense layers without activation on two rings: accuracy one half.",
        "missing-nonlinearity",
        ACCURATE,
        rings,
        tuple(mlp(2, (1, "sigmoid"), (32, 32, 16), a, **BCE) for a in (None, "relu")),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "blind-returns-relu-output",
        "Standardised prices, half of them negative, through a ReLU output unit.",
        "loss-activation-mismatch dying-relu",
        last("val_loss", below=0.25),
        partial(suburbs_scaled, targets=True),
        tuple(mlp(13, (1, a), (64, 32), loss="mse") for a in ("relu", None)),
        {"epochs": 50, "batch_size": 16},
    ),
    pair(
        "blind-airline-raw",
        "Airline passengers in hundreds into an LSTM; it predicts a straight line.",
        "unscaled-targets unscaled-features saturated-activations",
        last("val_r2_score", above=0.8),
        (airline, partial(airline, top=600.0)),
        _LSTM,
        {"epochs": 40, "batch_size": 16},
    ),
    pair(
        "blind-megawatts-sgd",
        "Hourly load around 30000 with SGD(0.01): NaN in the first epoch.",
        "unscaled-features unscaled-targets learning-rate-too-high",
        last("val_loss", below=0.2),
        (load_curve, partial(load_curve, scale=5000.0)),
        mlp(24, (1, None), (32,), loss="mse", optimizer=lambda: optimizers.SGD(0.01)),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "blind-exponential-loss",
        "A custom loss with exp in it: inf, then NaN.",
        "numerical-instability learning-rate-too-high exploding-gradients",
        every(last("loss", below=0.3), ACCURATE),
        altered(churn, lambda fit, rng: _column(fit)),
        tuple(
            mlp(
                10, (1, None), (32, 16), loss=f, metrics=["accuracy"], optimizer=lambda: optimizers.Adam(0.01)
            )
            for f in (_exp_loss, _soft_loss)
        ),
        {"epochs": 25, "batch_size": 32},
    ),
)


def _column(fit: Fit) -> Fit:
    """Targets as a column [n, 1]."""
    xv, yv = fit["validation_data"]
    return {
        "x": fit["x"],
        "y": np.reshape(fit["y"], (-1, 1)),
        "validation_data": (xv, np.reshape(yv, (-1, 1))),
    }
