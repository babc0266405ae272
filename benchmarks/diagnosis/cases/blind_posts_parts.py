"""Data and nets of the cases in the manner of forum posts: seed -> arguments of `fit`."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.blind_parts import mlp
from benchmarks.diagnosis.kit import last
from benchmarks.diagnosis.lazy import tf
from benchmarks.diagnosis.tables import Fit, onehot, split, standard

Data = Callable[[int], Fit]
FOUND = last("val_accuracy", above=0.8)
FITS = last("val_r2_score", above=0.6)
E20: dict[str, Any] = {"epochs": 20, "batch_size": 32}
E30: dict[str, Any] = {"epochs": 30, "batch_size": 32}
E40: dict[str, Any] = {"epochs": 40, "batch_size": 32}
R2: dict[str, Any] = {"metrics": ["r2_score"]}
NOMINAL: dict[str, Any] = {"loss": "categorical_crossentropy", "metrics": ["accuracy"]}


def both(data: Data, x: Any = None, y: Any = None) -> Data:
    """Returns `data` with functions applied to inputs and targets of training and validation."""
    return lambda seed: problems.change(data(seed), x, y)


def train_only(data: Data, x: Any = None, y: Any = None) -> Data:
    """Returns `data` with functions of (values, seed) applied to the training rows only."""

    def made(seed: int) -> Fit:
        fit = data(seed)
        keep = lambda value, seed: value  # noqa: E731
        return {**fit, "x": (x or keep)(fit["x"], seed), "y": (y or keep)(fit["y"], seed)}

    return made


def held_only(data: Data, x: Any) -> Data:
    """Returns `data` with a function applied to the inputs of the validation rows only."""

    def made(seed: int) -> Fit:
        fit = data(seed)
        xv, yv = fit["validation_data"]
        return {**fit, "validation_data": (x(xv), yv)}

    return made


def first(data: Data, rows: int) -> Data:
    """Returns `data` with the first training rows only."""

    def made(seed: int) -> Fit:
        fit = data(seed)
        return {**fit, "x": fit["x"][:rows], "y": fit["y"][:rows]}

    return made


def more(data: Data, **arguments: Any) -> Data:
    """Returns `data` with further arguments of `fit`."""
    return lambda seed: {**data(seed), **arguments}


def wine(seed: int) -> Fit:
    """Wines, standardised."""
    return standard(tables.wine(seed))


def diabetes(seed: int) -> Fit:
    """Patients, columns and progress standardised."""
    return standard(tables.diabetes(seed), targets=True)


def flats(seed: int, *, euros: bool = False) -> Fit:
    """Flats with standardised columns; prices in euros or standardised."""
    return standard(problems.flats(seed), targets=not euros)


def digits10(seed: int) -> Fit:
    """Digits with one-hot labels."""
    return onehot(tables.digits(seed), 10)


def piped(data: Data, batch: int, *, loosened: bool = False, how: Any = None) -> Data:
    """Returns `data` as tf.data pipelines; `loosened`: inputs are shuffled before they meet their labels."""

    def made(seed: int) -> Fit:
        fit = data(seed)
        x, y = (tf.data.Dataset.from_tensor_slices(fit[k]) for k in "xy")
        x = x.shuffle(4000, seed=seed) if loosened else x
        train = tf.data.Dataset.zip((x, y))
        train = train if loosened else train.shuffle(4000, seed=seed)
        held = tf.data.Dataset.from_tensor_slices(fit["validation_data"])
        if how is not None:
            train, held = (d.map(lambda a, b: (how(a), b)) for d in (train, held))
        return {"x": train.batch(batch).prefetch(2), "validation_data": held.batch(256)}

    return made


def generated(data: Data, batch: int = 32, *, divide: float = 1.0) -> Data:
    """Returns `data` behind an endless generator that divides the pictures."""

    def made(seed: int) -> Fit:
        fit = data(seed)
        rng = np.random.default_rng(seed)

        def endless() -> Iterator[Any]:
            while True:
                rows = rng.integers(0, len(fit["x"]), batch)
                yield fit["x"][rows] / divide, fit["y"][rows]

        return {**fit, "x": endless(), "y": None, "steps_per_epoch": len(fit["x"]) // batch}

    return made


def before(seed: int) -> Fit:
    """Does word 1 come before word 2? x [n, 12] word numbers below 50, y 0/1 [n]."""
    rng = np.random.default_rng(90 + seed)
    x, y = rng.integers(3, 50, size=(1200, 12)), np.arange(1200) % 2
    for row, late in zip(x, y, strict=True):
        a, b = np.sort(rng.choice(12, 2, replace=False))
        row[a], row[b] = (2, 1) if late else (1, 2)
    return split(x.astype("int32"), y.astype("float32"), seed)


def ordered(seed: int, *, by_class: bool) -> Fit:
    """Digits in the order of a folder (one class after the other) or shuffled, validation_split=0.3."""
    fit = tables.digits(seed, share=1.0)
    order = np.argsort(fit["y"], kind="stable") if by_class else np.arange(len(fit["y"]))
    return {"x": fit["x"][order], "y": fit["y"][order], "validation_split": 0.3}


def kinds(classes: int, features: int, widths: Any = (32,), act: str = "relu", **compiled: Any) -> Any:
    """Returns a classifier of integer labels."""
    given = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **compiled}
    return mlp(features, (classes, "softmax"), widths, act, **given)


def value(features: int, widths: Any = (32, 16), act: str = "relu", **compiled: Any) -> Any:
    """Returns a regression with R2 among its metrics."""
    return mlp(features, (1, None), widths, act, **{"loss": "mse", "metrics": ["r2_score"], **compiled})


blobs = partial(problems.blobs, spread=0.5)
