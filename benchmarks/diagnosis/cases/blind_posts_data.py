"""Blind cases in the manner of forum posts: rows, labels, scales and splits."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.blind_parts import ACCURATE, cancer, churn, mlp, net
from benchmarks.diagnosis.cases.blind_posts_parts import (
    E20,
    E30,
    E40,
    FITS,
    FOUND,
    both,
    diabetes,
    first,
    flats,
    generated,
    held_only,
    kinds,
    more,
    ordered,
    piped,
    train_only,
    value,
    wine,
)
from benchmarks.diagnosis.cases.blind_settings import BCE, SPARSE, adam, sgd
from benchmarks.diagnosis.kit import every, last, pair
from benchmarks.diagnosis.lazy import keras, layers, tf


def _counted(seed: int) -> Any:
    """Columns of counts, some of them 0, that tell the class by their logarithm."""
    return problems.change(churn(seed), x=lambda x: np.floor(np.exp(x + 1.5)).astype("float32"))


def _flipped(y: Any, seed: int, share: float = 0.4) -> Any:
    return np.where(np.random.default_rng(seed).random(len(y)) < share, 1 - y, y).astype("float32")


def _spikes(y: Any, seed: int) -> Any:
    """One price in fifty has its decimal point three places to the right."""
    y = y.copy()
    y[np.random.default_rng(seed).permutation(len(y))[: len(y) // 50]] += 1000.0
    return y


def _rows_moved(y: Any, seed: int) -> Any:
    return np.roll(y, 1, axis=0)


def _picture(rate: float = 0.003) -> Any:
    stack = lambda: [  # noqa: E731
        layers.Conv2D(16, 3, activation="relu"),
        layers.Flatten(),
        layers.Dense(10, activation="softmax"),
    ]
    return net((8, 8, 1), stack, optimizer=adam(rate), **SPARSE)


def _seldom(seed: int) -> Any:
    given = {"loss": "binary_crossentropy", "metrics": ["accuracy", keras.metrics.Recall(name="recall")]}
    return mlp(8, (1, "sigmoid"), (16,), optimizer=adam(0.005), **given)(seed)


_RAW = partial(tables.digits, image=True, scale=0.0625)
_GREY = partial(tables.digits, image=True)

CASES = (
    pair(
        "blind-post-log-of-zero",
        "tf.data map with tf.math.log over columns of counts: loss: nan from the first batch on.",
        "non-finite-data",
        FOUND,
        (
            piped(_counted, 32, how=lambda x: tf.math.log(x)),
            piped(_counted, 32, how=lambda x: tf.math.log1p(x)),
        ),
        mlp(10, (1, "sigmoid"), (32, 16), optimizer=adam(0.005), **BCE),
        {"epochs": 25},
    ),
    pair(
        "blind-post-wine-tanh",
        "Wine with proline in hundreds into tanh units: 40 % for ever.",
        "unscaled-features saturated-activations",
        ACCURATE,
        (tables.wine, wine),
        kinds(3, 13, (16, 16), "tanh", optimizer=sgd(0.05)),
        {"epochs": 40, "batch_size": 16},
    ),
    pair(
        "blind-post-euros",
        "Columns standardised, prices in euros under mse: a loss of 1e11 that hardly falls.",
        "unscaled-targets learning-rate-too-low",
        FITS,
        (partial(flats, euros=True), flats),
        value(5),
        E40,
    ),
    pair(
        "blind-post-val-loss-up",
        "150 patients, 2 x 256 units: the training loss goes to 0 and val_loss goes up.",
        "overfitting too-little-data",
        last("val_r2_score", above=0.3),
        first(diabetes, 150),
        (value(10, (256, 256)), value(10, (), optimizer=adam(0.02))),
        {"epochs": 60, "batch_size": 16},
    ),
    pair(
        "blind-post-turkers",
        "Labels by unpaid annotators, four in ten wrong: training stays near 60 %.",
        "label-noise overfitting",
        last("accuracy", above=0.9),
        (train_only(cancer, y=_flipped), cancer),
        mlp(30, (1, "sigmoid"), (16,), **BCE),
        E30,
    ),
    pair(
        "blind-post-shuffled-apart",
        "Dataset.zip((x.shuffle(n), y)): pictures and labels from different rows.",
        "misaligned-labels label-noise",
        FOUND,
        (piped(tables.digits, 32, loosened=True), piped(tables.digits, 32)),
        kinds(10, 64),
        {"epochs": 20},
    ),
    pair(
        "blind-post-off-by-one",
        "A header line read as a row: every target belongs to the row before.",
        "misaligned-labels label-noise overfitting",
        FITS,
        (train_only(flats, y=_rows_moved), flats),
        value(5, optimizer=adam(0.005)),
        E40,
    ),
    pair(
        "blind-post-decimal-point",
        "Some standardised prices are a thousand too high; mse is 2000 and nothing fits.",
        "outliers unscaled-targets",
        last("val_r2_score", above=0.5),
        (train_only(flats, y=_spikes), flats),
        value(5, optimizer=adam(0.003)),
        E40,
    ),
    pair(
        "blind-post-weights-reversed",
        "class_weight={0: 40, 1: 1}, the wrong way round: accuracy 0.96, recall 0.",
        "class-imbalance",
        last("val_recall", above=0.5),
        tuple(
            more(partial(problems.rare, share=0.04, rows=2000), class_weight={0: a, 1: b})
            for a, b in ((20.0, 1.0), (1.0, 10.0))
        ),
        _seldom,
        {"epochs": 15, "batch_size": 64},
    ),
    pair(
        "blind-post-folders-in-order",
        "validation_split=0.3 over digits read folder by folder: val_accuracy 0.0, accuracy 1.0.",
        "inconsistent-preprocessing class-imbalance misaligned-labels",
        FOUND,
        (partial(ordered, by_class=True), partial(ordered, by_class=False)),
        kinds(10, 64),
        E20,
    ),
    pair(
        "blind-post-rescaled-once",
        "The training generator divides by 255, the validation array is raw: val_loss 30.",
        "inconsistent-preprocessing",
        every(FOUND, last("val_loss", below=1.0)),
        (generated(_RAW, divide=256.0), generated(both(_RAW, x=lambda x: x / 256.0))),
        _picture(),
        {"epochs": 20},
    ),
    pair(
        "blind-post-inverted-held",
        "Training pictures are white on black, validation ones black on white.",
        "inconsistent-preprocessing",
        FOUND,
        (held_only(_GREY, x=lambda x: 1.0 - x), _GREY),
        _picture(),
        E20,
    ),
)
