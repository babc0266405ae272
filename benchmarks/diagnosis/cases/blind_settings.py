"""Blind cases: rates, depth, scale, rows and regularisers as beginners choose them."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.cases.blind_parts import (
    ACCURATE,
    altered,
    cancer,
    churn,
    friedman,
    grey,
    mlp,
    net,
    news,
    rings,
    suburbs_scaled,
    xor,
)
from benchmarks.diagnosis.kit import every, last, pair
from benchmarks.diagnosis.lazy import keras, layers, optimizers
from benchmarks.diagnosis.tables import Fit

SPARSE: dict[str, Any] = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]}
BCE: dict[str, Any] = {"loss": "binary_crossentropy", "metrics": ["accuracy"]}
SHORT = {"epochs": 12, "batch_size": 32}


def adam(rate: float, **more: Any) -> Any:
    """Returns a maker of Adam."""
    return lambda: optimizers.Adam(rate, **more)


def sgd(rate: float, **more: Any) -> Any:
    """Returns a maker of SGD."""
    return lambda: optimizers.SGD(rate, **more)


def _conv(rate: float) -> Any:
    stack = lambda: [  # noqa: E731
        layers.Conv2D(16, 3, activation="relu", padding="same"),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(10, activation="softmax"),
    ]
    return net((8, 8, 1), stack, optimizer=adam(rate), **SPARSE)


def _text(rate: float) -> Any:
    stack = lambda: [  # noqa: E731
        layers.Embedding(600, 24),
        layers.Flatten(),
        layers.Dense(32, activation="relu"),
        layers.Dense(5, activation="softmax"),
    ]
    return net((25,), stack, optimizer=adam(rate), **SPARSE)


def _dropped(rate: float) -> Any:
    def stack() -> list[Any]:
        widths = (32, 24, 16)
        hidden = [x for w in widths for x in (layers.Dense(w, activation="relu"), layers.Dropout(rate))]
        return [*hidden, layers.Dense(10, activation="softmax")]

    return net((64,), stack, optimizer="adam", **SPARSE)


def _started(how: str) -> Any:
    stack = lambda: [  # noqa: E731
        layers.Dense(24, activation="relu", kernel_initializer=how),
        layers.Dense(12, activation="relu", kernel_initializer=how),
        layers.Dense(1, activation="sigmoid", kernel_initializer=how),
    ]
    return net((2,), stack, optimizer=adam(0.005), **BCE)


def _penalised(strength: float) -> Any:
    l2 = lambda: keras.regularizers.L2(strength)  # noqa: E731
    stack = lambda: [  # noqa: E731
        layers.Dense(48, activation="relu", kernel_regularizer=l2()),
        layers.Dense(48, activation="relu", kernel_regularizer=l2()),
        layers.Dense(1, kernel_regularizer=l2()),
    ]
    return net((10,), stack, loss="mse", metrics=["r2_score"], optimizer=adam(0.003))


def _frozen(frozen: bool) -> Any:
    def made(seed: int) -> Any:
        model = mlp(64, (10, "softmax"), (12, 8, 8), **SPARSE)(seed)
        for layer in model.layers[:-1]:
            layer.trainable = not frozen
        model.compile(optimizer=optimizers.Adam(0.005), **SPARSE)
        return model

    return made


def _deep_tanh(stddev: float) -> Any:
    def stack() -> list[Any]:
        normal = lambda: keras.initializers.RandomNormal(stddev=stddev)  # noqa: E731
        hidden = [layers.Dense(40, activation="tanh", kernel_initializer=normal()) for _ in range(8)]
        return [*hidden, layers.Dense(10, activation="softmax")]

    return net((64,), stack, optimizer=sgd(0.05), **SPARSE)


def _holes(fit: Fit, rng: Any) -> Fit:
    x = fit["x"].copy()
    x[rng.integers(0, len(x), 5), 7] = np.nan
    return {**fit, "x": x}


def _ids(fit: Fit, rng: Any, scaled: bool) -> Fit:
    """Three constant columns and the customer's number, left in."""
    (xv, yv), out = fit["validation_data"], []
    for x in (fit["x"], xv):
        ids = rng.integers(1_000_000, 9_999_999, size=(len(x), 1))
        flat = np.ones((len(x), 3)) * [1.0, 0.0, 2024.0]
        rest = np.zeros((len(x), 4)) if scaled else np.concatenate([flat, ids], 1)
        out.append(np.concatenate([x, rest], 1).astype("float32"))
    return {**fit, "x": out[0], "validation_data": (out[1], yv)}


def _typo(fit: Fit, rng: Any) -> Fit:
    y = fit["y"].copy()
    y[17] = 9000.0
    return {**fit, "y": y}


def _permuted(fit: Fit, rng: Any) -> Fit:
    return {**fit, "y": rng.permutation(fit["y"])}


def _raw_validation(seed: int) -> Fit:
    return {**cancer(seed), "validation_data": tables.cancer(seed)["validation_data"]}


def _sorted(seed: int, *, by_class: bool) -> Fit:
    """Wine (standardised), in the order of the file or shuffled, for validation_split."""
    fit = tables.standard(tables.wine(seed))
    (xv, yv) = fit["validation_data"]
    x, y = np.concatenate([fit["x"], xv]), np.concatenate([fit["y"], yv])
    order = np.argsort(y, kind="stable") if by_class else np.arange(len(y))
    return {"x": x[order], "y": y[order], "validation_split": 0.25}


def _fraud(seed: int, *, weighed: bool) -> Fit:
    """One percent of frauds, overlapping with the rest: x [4000, 6]."""
    rng = np.random.default_rng(seed)
    y = (rng.random(4000) < 0.01).astype("float32")
    x = rng.normal(size=(4000, 6))
    x[y == 1, :2] += 1.2
    fit = tables.split(x.astype("float32"), y, seed)
    return {**fit, "class_weight": {0: 1.0, 1: 99.0}} if weighed else fit


def _recall(seed: int) -> Any:
    metrics = ["accuracy", keras.metrics.Recall(name="recall")]
    return mlp(6, (1, "sigmoid"), (16,), loss="binary_crossentropy", metrics=metrics)(seed)


def _half(dtype: str) -> Any:
    def made(seed: int) -> Any:
        keras.config.set_dtype_policy(dtype)
        model = mlp(13, (1, None), (64, 32), loss="mse", optimizer=adam(0.002), metrics=["r2_score"])(seed)
        keras.config.set_dtype_policy("float32")
        return model

    return made


def _euros(fit: Fit, rng: Any) -> Fit:
    xv, yv = fit["validation_data"]
    return {"x": fit["x"], "y": fit["y"] * 20, "validation_data": (xv, yv * 20)}


DIGITS = partial(mlp, 64, (10, "softmax"), **SPARSE)
GREY = partial(mlp, 256, (10, "softmax"), **SPARSE)
YES_NO = partial(mlp, out=(1, "sigmoid"), **BCE)

CASES = (
    pair(
        "blind-xor-few-epochs",
        "XOR with plain SGD for 200 epochs; accuracy one half or three quarters.",
        "learning-rate-too-low too-few-epochs optimizer-ill-suited",
        every(last("accuracy", above=0.9), last("loss", below=0.3)),
        xor,
        (
            YES_NO(2, widths=(8,), act="tanh", optimizer="sgd"),
            YES_NO(2, widths=(8,), act="tanh", optimizer=sgd(1.0)),
        ),
        {"epochs": 200, "batch_size": 4},
    ),
    pair(
        "blind-pixels-raw-sgd",
        "Pixels 0..255 into a ReLU net with SGD(0.05); accuracy one tenth.",
        "unscaled-features learning-rate-too-high dying-relu",
        ACCURATE,
        (partial(grey, scale=1.0), grey),
        GREY((128,), optimizer=sgd(0.05)),
        SHORT,
    ),
    pair(
        "blind-cnn-adam-hot",
        "A small CNN with Adam(0.3): 2.3 and one tenth.",
        "learning-rate-too-high dying-relu",
        ACCURATE,
        partial(tables.digits, image=True, rows=1000),
        (_conv(0.3), _conv(0.003)),
        SHORT,
    ),
    pair(
        "blind-text-adam-half",
        "Adam(0.5) on an embedding: the loss jumps about.",
        "learning-rate-too-high",
        every(ACCURATE, last("val_loss", below=0.8)),
        news,
        (_text(0.5), _text(0.003)),
        SHORT,
    ),
    pair(
        "blind-six-sigmoids",
        "Sigmoid in each of six hidden layers; stuck at 2.30.",
        "vanishing-gradients hidden-activation-ill-suited saturated-activations",
        ACCURATE,
        tables.digits,
        (DIGITS((32,) * 6, "sigmoid", optimizer=sgd(0.1)), DIGITS((32,) * 6, "relu", optimizer=sgd(0.1))),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "blind-dropout-everywhere",
        "Dropout(0.8) after each narrow layer.",
        "over-regularized",
        ACCURATE,
        tables.digits,
        (_dropped(0.8), _dropped(0.1)),
        {"epochs": 25, "batch_size": 32},
    ),
    pair(
        "blind-zeros-relu",
        "All kernels start at zero 'to be fair'; the loss stands at 0.693.",
        "bad-initialization",
        ACCURATE,
        rings,
        (_started("zeros"), _started("glorot_uniform")),
        {"epochs": 25, "batch_size": 32},
    ),
    pair(
        "blind-l2-one",
        "L2(1.0) in each layer of a regression; it predicts the mean.",
        "over-regularized",
        last("val_r2_score", above=0.7),
        friedman,
        (_penalised(1.0), _penalised(1e-4)),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "blind-sgd-1e-5",
        "SGD(1e-5) over scaled tumours; thirty epochs and nothing happens.",
        "learning-rate-too-low",
        every(ACCURATE, last("val_loss", below=0.3)),
        cancer,
        (YES_NO(30, optimizer=sgd(1e-5)), YES_NO(30, optimizer=sgd(0.05))),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "blind-sgd-ten",
        "SGD(10.0): the loss is NaN or one class wins.",
        "learning-rate-too-high dying-relu",
        every(ACCURATE, last("val_loss", below=0.5)),
        churn,
        (YES_NO(10, optimizer=sgd(10.0)), YES_NO(10, optimizer=sgd(0.1))),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "blind-momentum-hot",
        "SGD(0.3, momentum=0.99, nesterov=True) as in a notebook.",
        "learning-rate-too-high optimizer-misconfigured dying-relu",
        ACCURATE,
        tables.digits,
        (
            DIGITS((64, 32), optimizer=sgd(0.3, momentum=0.99, nesterov=True)),
            DIGITS((64, 32), optimizer=sgd(0.01, momentum=0.9, nesterov=True)),
        ),
        SHORT,
    ),
    pair(
        "blind-full-batch",
        "batch_size=len(x) with SGD(0.1) and twenty epochs.",
        "batch-size-ill-suited too-few-epochs learning-rate-too-low",
        ACCURATE,
        grey,
        GREY((64,), optimizer=sgd(0.05)),
        ({"epochs": 20, "batch_size": 840}, {"epochs": 20, "batch_size": 16}),
    ),
    pair(
        "blind-two-epochs",
        "Two epochs because the tutorial had two (of ImageNet).",
        "too-few-epochs learning-rate-too-low",
        last("val_loss", below=0.15),
        friedman,
        mlp(10, (1, None), (64, 32), loss="mse"),
        ({"epochs": 2, "batch_size": 32}, {"epochs": 60, "batch_size": 32}),
    ),
    pair(
        "blind-all-but-last-frozen",
        "The loop that froze a base froze a net that was never trained.",
        "frozen-layers",
        ACCURATE,
        tables.digits,
        (_frozen(True), _frozen(False)),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "blind-deep-tanh-unit-normal",
        "Eight tanh layers with RandomNormal(stddev=1).",
        "bad-initialization saturated-activations exploding-gradients",
        ACCURATE,
        tables.digits,
        (_deep_tanh(1.0), _deep_tanh(0.16)),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "blind-softmax-inside",
        "Softmax in both hidden layers, since it is for classes.",
        "hidden-activation-ill-suited vanishing-gradients",
        ACCURATE,
        tables.digits,
        tuple(DIGITS((64, 32), a, optimizer=sgd(0.1)) for a in ("softmax", "relu")),
        SHORT,
    ),
    pair(
        "blind-one-unit-bottleneck",
        "Dense(64), Dense(1), Dense(64) in the middle of a classifier.",
        "model-too-small architecture-ill-suited",
        ACCURATE,
        tables.digits,
        (DIGITS((64, 1, 64)), DIGITS((64, 24, 64))),
        {"epochs": 15, "batch_size": 32},
    ),
    pair(
        "blind-nan-cells",
        "Five empty cells in one column of the csv.",
        "non-finite-data",
        ACCURATE,
        (altered(cancer, _holes), cancer),
        YES_NO(30),
        SHORT,
    ),
    pair(
        "blind-customer-number",
        "Constant columns, the year, and the customer number among the features.",
        "unscaled-features",
        ACCURATE,
        (altered(churn, partial(_ids, scaled=False)), altered(churn, partial(_ids, scaled=True))),
        YES_NO(14),
        {"epochs": 25, "batch_size": 32},
    ),
    pair(
        "blind-one-typo",
        "One price of 9000 among prices of 0 +- 1.",
        "outliers",
        last("val_loss", below=0.4),
        (altered(partial(suburbs_scaled, targets=True), _typo), partial(suburbs_scaled, targets=True)),
        mlp(13, (1, None), (32, 16), loss="mse", optimizer=adam(0.003)),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "blind-fraud",
        "One percent of frauds; accuracy 0.99 and not one found.",
        "class-imbalance",
        last("val_recall", above=0.5),
        (partial(_fraud, weighed=False), partial(_fraud, weighed=True)),
        _recall,
        {"epochs": 10, "batch_size": 64},
    ),
    pair(
        "blind-labels-permuted",
        "y was shuffled by train_test_split called twice.",
        "misaligned-labels label-noise overfitting",
        ACCURATE,
        (altered(cancer, _permuted), cancer),
        YES_NO(30, optimizer=adam(0.003)),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "blind-validation-raw",
        "scaler.fit_transform on the training rows only.",
        "inconsistent-preprocessing",
        every(ACCURATE, last("val_loss", below=0.5)),
        (_raw_validation, cancer),
        YES_NO(30),
        {"epochs": 20, "batch_size": 16},
    ),
    pair(
        "blind-sorted-split",
        "Wines in the order of the file and validation_split=0.25.",
        "inconsistent-preprocessing class-imbalance misaligned-labels",
        ACCURATE,
        (partial(_sorted, by_class=True), partial(_sorted, by_class=False)),
        mlp(13, (3, "softmax"), (24,), **SPARSE),
        {"epochs": 40, "batch_size": 8},
    ),
    pair(
        "blind-float16-prices",
        "set_dtype_policy('float16') for speed, prices up to 1000 under mse.",
        "numerical-instability",
        last("val_r2_score", above=0.7),
        altered(suburbs_scaled, _euros),
        (_half("float16"), _half("float32")),
        {"epochs": 120, "batch_size": 16},
    ),
)
