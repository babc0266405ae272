"""Optimizer settings and kinds, batch sizes, number formats, and architectures that cannot do it."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, ops, optimizers
from benchmarks.diagnosis.tables import Fit


def _digits_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(48, activation="relu"), layers.Dense(10, activation="softmax")]
    loss = "sparse_categorical_crossentropy"
    return sequential((64,), *stack, optimizer=optimizer(), loss=loss, metrics=["accuracy"])


def _law_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
    return sequential((6,), *stack, optimizer=optimizer(), loss="mse", metrics=["mae"])


def _text_net(seed: int, optimizer: Any) -> Any:
    stack = [
        layers.Embedding(400, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(1, activation="sigmoid"),
    ]
    return sequential((20,), *stack, optimizer=optimizer(), loss="binary_crossentropy", metrics=["accuracy"])


def _valley(seed: int) -> Fit:
    """A linear law whose columns are nearly the same: one direction is a thousand times flatter."""
    rng = np.random.default_rng(seed)
    both = rng.normal(size=(800, 1))
    x = np.concatenate([both + 0.03 * rng.normal(size=(800, 1)) for _ in range(4)], 1)
    y = 10.0 * (x[:, :1] - x[:, 1:2]) + 10.0 * (x[:, 2:3] - x[:, 3:4])
    return tables.split(x.astype("float32"), y.astype("float32"), seed)


def _valley_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(16, activation="tanh"), layers.Dense(1)]
    return sequential((4,), *stack, optimizer=optimizer(), loss="mse")


def _steps(bad: Any, good: Any, net: Any) -> Any:
    return (lambda seed: net(seed, bad), lambda seed: net(seed, good))


def _made(kind: str, **how: Any) -> Any:
    return lambda: getattr(optimizers, kind)(**how)


def _bn_conv(seed: int, *, norm: bool = True) -> Any:
    stack = [layers.Dense(32), layers.BatchNormalization(momentum=0.9), layers.ReLU()]
    stack += [layers.Dense(10, activation="softmax")]
    adam = optimizers.Adam(0.01)
    return sequential(
        (64,), *stack, optimizer=adam, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


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
    x = rng.normal(size=(800, 4)) + 6.0 * (2 * y - 1)
    return tables.split(x.astype("float32"), y, seed)


def _hand_softmax(seed: int, *, shifted: bool) -> Any:
    """exp over its sum, by hand, with or without the largest taken off first."""
    entry = keras.Input((64,))
    scores = layers.Dense(10)(layers.Dense(48, activation="relu")(layers.Rescaling(16.0)(entry)))
    top = (lambda t: t - ops.max(t, axis=-1, keepdims=True)) if shifted else (lambda t: 3.0 * t)
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


def _where(seed: int) -> Fit:
    """Is the bright spot left or right? The spot itself is always the same."""
    rng = np.random.default_rng(seed)
    x = 0.1 * rng.random((900, 10, 10, 1))
    r, c = rng.integers(0, 10, 900), rng.integers(0, 10, 900)
    x[np.arange(900), r, c] = 1.0
    return tables.split(x.astype("float32"), (c > 4).astype("float32"), seed)


def _where_net(seed: int, *, pooled: bool) -> Any:
    end = layers.GlobalAveragePooling2D() if pooled else layers.Flatten()
    stack = [layers.Conv2D(8, 1, activation="relu"), end, layers.Dense(16, activation="relu")]
    return sequential(
        (10, 10, 1),
        *stack,
        layers.Dense(1, activation="sigmoid"),
        optimizer=optimizers.Adam(0.005),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )


def _order(seed: int) -> Fit:
    """Does word 1 come before word 2? Which words there are tells nothing."""
    rng = np.random.default_rng(seed)
    x = rng.integers(3, 30, size=(1200, 12))
    y = (np.arange(1200) % 2).astype("float32")
    for row, label in zip(x, y, strict=True):
        first, second = np.sort(rng.choice(12, 2, replace=False))
        row[first], row[second] = (1, 2) if label else (2, 1)
    return tables.split(x.astype("int32"), y, seed)


def _order_net(seed: int, *, bag: bool) -> Any:
    reader = layers.GlobalAveragePooling1D() if bag else layers.GRU(24)
    stack = [
        layers.Embedding(30, 12),
        reader,
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
    adam = optimizers.Adam(0.01)
    return sequential((12,), *stack, optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])


def _numbers_net(seed: int, *, embedded: bool) -> Any:
    """Word numbers straight into dense layers, or through an embedding."""
    front = [layers.Embedding(400, 16), layers.GlobalAveragePooling1D()] if embedded else []
    stack = [layers.Dense(32, activation="relu"), layers.Dense(1, activation="sigmoid")]
    adam = optimizers.Adam(0.01)
    return sequential((20,), *front, *stack, optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])


FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 30, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
GOOD_FIT = last("val_loss", below=0.2)
SET = "optimizer-misconfigured"
KIND = "optimizer-ill-suited"
FORMAT = "numerical-instability"
BUILD = "architecture-ill-suited"
SGD = _made("SGD", learning_rate=0.1)
ADAM = _made("Adam", learning_rate=0.003)

CASES = (
    pair(
        "set-momentum-one",
        "SGD with momentum=1.0: nothing ever slows down.",
        SET + " learning-rate-too-high",
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _steps(
            _made("SGD", learning_rate=0.05, momentum=1.0),
            _made("SGD", learning_rate=0.05, momentum=0.9),
            _digits_net,
        ),
        FIT,
    ),
    pair(
        "set-momentum-999",
        "momentum=0.999 in a regression: huge slow swings.",
        SET + " learning-rate-too-high",
        GOOD_FIT,
        problems.friction,
        _steps(
            _made("SGD", learning_rate=0.05, momentum=0.999),
            _made("SGD", learning_rate=0.05, momentum=0.9),
            _law_net,
        ),
        LONG,
    ),
    pair(
        "set-clipnorm-1e-6",
        "clipnorm=1e-6 with SGD: every step is a millionth long.",
        SET + " learning-rate-too-low",
        ACCURATE,
        tables.digits,
        _steps(
            _made("SGD", learning_rate=0.1, clipnorm=1e-6),
            _made("SGD", learning_rate=0.1, clipnorm=1.0),
            _digits_net,
        ),
        FIT,
    ),
    pair(
        "set-clipvalue-1e-5",
        "clipvalue=1e-5 with SGD in a regression.",
        SET + " learning-rate-too-low",
        GOOD_FIT,
        problems.friction,
        _steps(
            _made("SGD", learning_rate=0.05, clipvalue=1e-5),
            _made("SGD", learning_rate=0.05, clipvalue=0.5),
            _law_net,
        ),
        {"epochs": 50, "batch_size": 32},
    ),
    pair(
        "set-adam-epsilon-thousand",
        "Adam(epsilon=1000), copied from somewhere: steps a thousandth of what is due.",
        SET + " learning-rate-too-low",
        ACCURATE,
        tables.digits,
        _steps(_made("Adam", learning_rate=0.003, epsilon=1000.0), ADAM, _digits_net),
        FIT,
    ),
    pair(
        "set-adamw-decay-100",
        "AdamW(weight_decay=100): weights are pulled to nought at each step.",
        SET + " over-regularized",
        ACCURATE,
        tables.digits,
        _steps(
            _made("AdamW", learning_rate=0.003, weight_decay=100.0),
            _made("AdamW", learning_rate=0.003, weight_decay=0.004),
            _digits_net,
        ),
        FIT,
    ),
    pair(
        "set-sgd-decay-ten",
        "SGD(weight_decay=5) on the law of friction.",
        SET + " over-regularized",
        GOOD_FIT,
        problems.friction,
        _steps(
            _made("SGD", learning_rate=0.05, weight_decay=5.0),
            _made("SGD", learning_rate=0.05, weight_decay=1e-4),
            _law_net,
        ),
        {"epochs": 50, "batch_size": 32},
    ),
    pair(
        "set-adam-beta-one",
        "Adam(beta_1=0.9999): the running mean of the gradient hardly ever moves.",
        SET,
        every(ACCURATE, last("val_loss", below=0.6)),
        tables.digits,
        _steps(
            _made("Adam", learning_rate=0.01, beta_1=0.9999), _made("Adam", learning_rate=0.003), _digits_net
        ),
        FIT,
    ),
    pair(
        "kind-sgd-valley",
        "SGD along a valley a thousand times longer than wide; Adam walks it.",
        KIND + " learning-rate-too-low too-few-epochs unscaled-features",
        last("val_loss", below=0.1),
        _valley,
        _steps(_made("SGD", learning_rate=0.05), _made("Adam", learning_rate=0.02), _valley_net),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "kind-sgd-embedding",
        "optimizer='sgd' over an embedding whose rows are seldom touched.",
        KIND + " learning-rate-too-low too-few-epochs",
        ACCURATE,
        problems.texts,
        _steps(lambda: "sgd", _made("Adam", learning_rate=0.01), _text_net),
        FIT,
    ),
    pair(
        "kind-ftrl-digits",
        "Ftrl as it comes, for a net with a hidden layer: it begins by setting weights to zero.",
        KIND + " learning-rate-too-low",
        ACCURATE,
        tables.digits,
        _steps(lambda: "ftrl", ADAM, _digits_net),
        FIT,
    ),
    pair(
        "batch-one-with-norm",
        "Batch normalisation over digits, one row a batch.",
        "batch-size-ill-suited architecture-ill-suited",
        ACCURATE,
        lambda seed: tables.digits(seed, rows=900),
        _bn_conv,
        ({"epochs": 3, "batch_size": 1}, {"epochs": 15, "batch_size": 32}),
    ),
    pair(
        "batch-whole-set",
        "batch_size=2000 for 1257 rows: one step an epoch.",
        "batch-size-ill-suited too-few-epochs learning-rate-too-low",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=ADAM),
        ({"epochs": 15, "batch_size": 2000}, FIT),
    ),
    pair(
        "batch-whole-set-moons",
        "The whole set of moons a batch, thirty epochs of SGD.",
        "batch-size-ill-suited too-few-epochs learning-rate-too-low",
        last("val_loss", below=0.45),
        problems.blobs,
        lambda seed: sequential(
            (6,),
            layers.Dense(24, activation="relu"),
            layers.Dense(4, activation="softmax"),
            optimizer=SGD(),
            loss="sparse_categorical_crossentropy",
            metrics=["accuracy"],
        ),
        ({"epochs": 30, "batch_size": 630}, {"epochs": 30, "batch_size": 16}),
    ),
    pair(
        "batch-one-hot-sgd",
        "One row a batch at a rate that thirty-two bear well.",
        "batch-size-ill-suited learning-rate-too-high",
        every(GOOD_FIT),
        problems.friction,
        partial(_law_net, optimizer=_made("SGD", learning_rate=0.12)),
        ({"epochs": 4, "batch_size": 1}, {"epochs": 40, "batch_size": 32}),
    ),
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
    pair(
        "build-pooled-place",
        "Which side is the spot on? An average over the picture cannot tell.",
        BUILD,
        ACCURATE,
        _where,
        (partial(_where_net, pooled=True), partial(_where_net, pooled=False)),
        FIT,
    ),
    pair(
        "build-bag-of-words",
        "The order of two words is asked for and the words are averaged.",
        BUILD,
        ACCURATE,
        _order,
        (partial(_order_net, bag=True), partial(_order_net, bag=False)),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "build-word-numbers",
        "Word numbers up to 400 as quantities into dense layers.",
        BUILD + " unscaled-features",
        ACCURATE,
        problems.texts,
        (partial(_numbers_net, embedded=False), partial(_numbers_net, embedded=True)),
        FIT,
    ),
)
