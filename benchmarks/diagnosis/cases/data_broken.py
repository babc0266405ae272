"""Data that are not finite, and outliers."""

from __future__ import annotations

from functools import partial

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.bad_data_parts import (
    ACCURATE,
    MANY,
    dense,
    mean_net,
    wine,
)
from benchmarks.diagnosis.kit import last, pair
from benchmarks.diagnosis.lazy import tf
from benchmarks.diagnosis.tables import Fit


def _wine_holes(seed: int) -> Fit:
    """A tenth of one column was never measured."""
    fit = wine(seed)
    x = fit["x"].copy()
    x[::10, 4] = np.nan
    return {**fit, "x": x}


def _log_zero(seed: int, *, safe: bool) -> Fit:
    """Counts of purchases put through a logarithm; some are 0."""
    rng = np.random.default_rng(seed)
    bought = rng.poisson(4.0, size=(900, 5)).astype("float32")
    y = (bought[:, :1] - bought[:, 1:2] + 0.3 * bought[:, 2:3]) / 3.0
    with np.errstate(divide="ignore"):
        x = np.log1p(bought) if safe else np.log(bought)
    return tables.split(x.astype("float32"), y.astype("float32"), seed)


def _target_hole(seed: int, holes: int) -> Fit:
    fit = problems.friction(seed)
    y = fit["y"].copy()
    y[np.random.default_rng(seed).permutation(len(y))[:holes]] = np.nan
    return {**fit, "y": y}


def _stream(seed: int, broken: int | None) -> Fit:
    """A tf.data pipeline of 16 batches an epoch, one of which (if any) holds an infinite reading."""
    fit = problems.friction(seed, rows=760)
    x = fit["x"].copy()
    if broken is not None:
        x[broken * 32 + 5, 2] = np.inf
    return {
        "x": tf.data.Dataset.from_tensor_slices((x, fit["y"])).batch(32),
        "validation_data": tf.data.Dataset.from_tensor_slices(fit["validation_data"]).batch(64),
    }


def _constant_column(seed: int, *, guarded: bool) -> Fit:
    """Standardised by hand; one column never varies, so 0/0."""
    fit = wine(seed)
    fill = 0.0 if guarded else np.nan
    return problems.change(fit, x=lambda x: np.concatenate([x, np.full((len(x), 1), fill, "float32")], 1))


def _typos(seed: int, rows: int) -> Fit:
    """Some targets have lost their decimal point."""
    fit = problems.friction(seed)
    y = fit["y"].copy()
    y[np.random.default_rng(seed).permutation(len(y))[:rows]] *= 3000.0
    return {**fit, "y": y}


def _sensor(seed: int, rows: int) -> Fit:
    """A sensor writes -99999 when it has nothing to say."""
    fit = problems.friction(seed)
    x = fit["x"].copy()
    x[np.random.default_rng(seed).permutation(len(x))[:rows], 3] = -99999.0
    return {**fit, "x": x}


NAN = "non-finite-data"

CASES = (
    pair(
        "data-wine-nan-column",
        "Missing values were left as NaN in one column; the loss is NaN from the start.",
        NAN,
        ACCURATE,
        (_wine_holes, wine),
        partial(dense, features=13, units=3),
        {"epochs": 30, "batch_size": 16},
    ),
    pair(
        "data-log-of-zero",
        "np.log over counts made minus infinity of the zeros.",
        NAN,
        last("val_loss", below=0.1),
        (partial(_log_zero, safe=False), partial(_log_zero, safe=True)),
        partial(mean_net, features=5),
        MANY,
    ),
    pair(
        "data-one-nan-target",
        "Three rows of the target are NaN; the loss is NaN after some steps.",
        NAN,
        last("val_loss", below=0.2),
        (partial(_target_hole, holes=3), partial(_target_hole, holes=0)),
        partial(mean_net, features=6),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-one-bad-batch",
        "A stream whose eleventh batch holds one infinite reading.",
        NAN,
        last("val_loss", below=0.25),
        (partial(_stream, broken=10), partial(_stream, broken=None)),
        partial(mean_net, features=6),
        {"epochs": 30},
    ),
    pair(
        "data-zero-over-zero",
        "A constant column, standardised by hand: 0/0.",
        NAN,
        ACCURATE,
        (partial(_constant_column, guarded=False), partial(_constant_column, guarded=True)),
        partial(dense, features=14, units=3),
        {"epochs": 30, "batch_size": 16},
    ),
    pair(
        "data-targets-lost-point",
        "Four targets of 630 are three thousand times too large.",
        "outliers",
        last("val_loss", below=0.25),
        (partial(_typos, rows=4), partial(_typos, rows=0)),
        partial(mean_net, features=6),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-sensor-missing-code",
        "A sensor's missing code of -99999 in twenty rows.",
        "outliers unscaled-features",
        last("loss", below=0.3),
        (partial(_sensor, rows=20), partial(_sensor, rows=0)),
        partial(mean_net, features=6),
        {"epochs": 30, "batch_size": 32},
    ),
)
