"""Blind cases in the manner of forum posts: optimizers, schedules, callbacks and batches."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.cases.blind_parts import (
    ACCURATE,
    airline,
    cancer,
    churn,
    friedman,
    mlp,
    net,
    news,
)
from benchmarks.diagnosis.cases.blind_posts_parts import (
    E20,
    E30,
    E40,
    FITS,
    FOUND,
    R2,
    first,
    flats,
    kinds,
    value,
    wine,
)
from benchmarks.diagnosis.cases.blind_settings import BCE, SPARSE, adam, sgd
from benchmarks.diagnosis.kit import last, pair
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def _halved(every: int, rate: float = 0.1) -> Any:
    decay = lambda: keras.optimizers.schedules.ExponentialDecay(rate, every, 0.5)  # noqa: E731
    return kinds(10, 64, optimizer=lambda: optimizers.SGD(decay()))


def _words(optimizer: Any) -> Any:
    stack = lambda: [  # noqa: E731
        layers.Embedding(600, 16),
        layers.GlobalAveragePooling1D(),
        layers.Dense(5, activation="softmax"),
    ]
    return net((25,), stack, optimizer=optimizer, **SPARSE)


def _recurrent(layer: str, optimizer: Any) -> Any:
    stack = lambda: [getattr(layers, layer)(24), layers.Dense(1)]  # noqa: E731
    return net((12, 1), stack, loss="mse", optimizer=optimizer, **R2)


def _tones(rate: float) -> Any:
    stack = lambda: [  # noqa: E731
        layers.Conv1D(16, 5, activation="relu"),
        layers.Conv1D(16, 5, activation="relu"),
        layers.GlobalMaxPooling1D(),
        layers.Dense(3, activation="softmax"),
    ]
    return net((48, 1), stack, optimizer=lambda: optimizers.Nadam(rate), **SPARSE)


def _normed(seed: int) -> Any:
    stack = lambda: [  # noqa: E731
        layers.Dense(32),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Dense(1, activation="sigmoid"),
    ]
    return net((10,), stack, optimizer="adam", **BCE)(seed)


def _callback(name: str, **arguments: Any) -> Any:
    return lambda seed: [getattr(keras.callbacks, name)(**arguments)]


_YEAR = partial(airline, top=600.0)

CASES = (
    pair(
        "blind-post-clipnorm-tiny",
        "SGD(0.05, clipnorm=1e-4), since clipping cures everything; the loss is flat.",
        "optimizer-misconfigured learning-rate-too-low",
        FOUND,
        wine,
        tuple(kinds(3, 13, optimizer=sgd(0.05, clipnorm=c)) for c in (1e-4, 1.0)),
        {"epochs": 40, "batch_size": 16},
    ),
    pair(
        "blind-post-epsilon-one",
        "Adam(1e-3, epsilon=1.0), as in an Inception recipe.",
        "optimizer-misconfigured learning-rate-too-low",
        last("val_accuracy", above=0.9),
        tables.digits,
        tuple(kinds(10, 64, optimizer=adam(0.001, epsilon=e)) for e in (1.0, 1e-7)),
        E20,
    ),
    pair(
        "blind-post-decay-to-nothing",
        "ExponentialDecay with decay_steps=5, meant as epochs but counted in steps.",
        "optimizer-misconfigured learning-rate-too-low",
        ACCURATE,
        tables.digits,
        (_halved(5), _halved(400)),
        E20,
    ),
    pair(
        "blind-post-plateau-of-accuracy",
        "ReduceLROnPlateau watches val_accuracy in mode min: the rate falls while the net improves.",
        "optimizer-misconfigured learning-rate-too-low",
        ACCURATE,
        tables.digits,
        kinds(10, 64, optimizer=sgd(0.05)),
        E30,
        tuple(
            _callback("ReduceLROnPlateau", monitor="val_accuracy", mode=m, patience=p, min_delta=0.0)
            for m, p in (("min", 1), ("max", 4))
        ),
    ),
    pair(
        "blind-post-adadelta-default",
        "optimizer='adadelta' with its default rate of 0.001: nothing happens.",
        "learning-rate-too-low optimizer-ill-suited",
        ACCURATE,
        cancer,
        tuple(
            mlp(30, (1, "sigmoid"), optimizer=lambda r=r: optimizers.Adadelta(r), **BCE) for r in (1e-3, 1.0)
        ),
        E20,
    ),
    pair(
        "blind-post-adagrad-words",
        "optimizer='adagrad' over an embedding; 20 % of five topics.",
        "learning-rate-too-low optimizer-ill-suited too-few-epochs",
        FOUND,
        news,
        (_words("adagrad"), _words(lambda: optimizers.Adagrad(0.5))),
        E20,
    ),
    pair(
        "blind-post-rmsprop-lstm",
        "LSTM with RMSprop(0.5): the predictions are flat, the loss jumps.",
        "learning-rate-too-high saturated-activations",
        FITS,
        _YEAR,
        tuple(_recurrent("LSTM", lambda r=r: optimizers.RMSprop(r)) for r in (0.5, 0.005)),
        E30,
    ),
    pair(
        "blind-post-scheduler-grows",
        "LearningRateScheduler(lr * 1.4): fine at first, then the loss explodes.",
        "learning-rate-too-high optimizer-misconfigured",
        FITS,
        flats,
        value(5, optimizer=sgd(0.02)),
        E30,
        tuple(_callback("LearningRateScheduler", schedule=lambda e, r, q=q: r * q) for q in (1.4, 0.95)),
    ),
    pair(
        "blind-post-stopped-at-once",
        "EarlyStopping on val_loss with mode='max': training ends after a few epochs.",
        "too-few-epochs",
        last("val_r2_score", above=0.75),
        friedman,
        value(10, (48, 24)),
        {"epochs": 60, "batch_size": 32},
        tuple(
            _callback("EarlyStopping", monitor="val_loss", mode=m, patience=p)
            for m, p in (("max", 2), ("min", 8))
        ),
    ),
    pair(
        "blind-post-momentum-four-nines",
        "SGD(0.01, momentum=0.9999): swings that never settle.",
        "optimizer-misconfigured learning-rate-too-high",
        FITS,
        friedman,
        tuple(value(10, optimizer=sgd(0.01, momentum=m)) for m in (0.9999, 0.9)),
        E40,
    ),
    pair(
        "blind-post-batch-norm-of-one",
        "batch_size=1 with BatchNormalization: training at chance.",
        "batch-size-ill-suited architecture-ill-suited",
        last("accuracy", above=0.8),
        first(churn, 300),
        _normed,
        ({"epochs": 8, "batch_size": 1}, {"epochs": 40, "batch_size": 16}),
    ),
)
