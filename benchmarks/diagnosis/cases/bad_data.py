"""Data at fault: not finite, mislabelled, misaligned, outliers, imbalance, other preparation, too few."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers, tf
from benchmarks.diagnosis.tables import Fit


def _wine(seed: int) -> Fit:
    return tables.standard(tables.wine(seed))


def _wine_holes(seed: int) -> Fit:
    """A tenth of one column was never measured."""
    fit = _wine(seed)
    x = fit["x"].copy()
    x[::10, 4] = np.nan
    return {**fit, "x": x}


def _dense(
    seed: int, features: int, units: int, *, width: int = 32, optimizer: Any = None, **compiled: Any
) -> Any:
    """A plain classifier: one unit means two classes."""
    stack = [layers.Dense(width, activation="relu"), layers.Dense(width, activation="relu")]
    stack.append(layers.Dense(units, activation="softmax" if units > 1 else "sigmoid"))
    loss = "sparse_categorical_crossentropy" if units > 1 else "binary_crossentropy"
    compiled = {"metrics": ["accuracy"]} | compiled
    return sequential(
        (features,), *stack, optimizer=optimizer() if optimizer else "adam", loss=loss, **compiled
    )


def _mean_net(seed: int, features: int, rate: float = 0.003) -> Any:
    stack = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
    return sequential((features,), *stack, optimizer=optimizers.Adam(rate), loss="mse", metrics=["mae"])


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
    fit = _wine(seed)
    fill = 0.0 if guarded else np.nan
    return problems.change(fit, x=lambda x: np.concatenate([x, np.full((len(x), 1), fill, "float32")], 1))


def _flipped(seed: int, share: float) -> Fit:
    """A share of the training labels is drawn anew at random."""
    fit = tables.digits(seed)
    rng = np.random.default_rng(seed)
    y = fit["y"].copy()
    wrong = rng.random(len(y)) < share
    y[wrong] = rng.integers(0, 10, wrong.sum())
    return {**fit, "y": y}


def _misread(seed: int, share: float) -> Fit:
    fit = tables.standard(tables.cancer(seed))
    wrong = np.random.default_rng(seed).random(len(fit["y"])) < share
    return {**fit, "y": np.where(wrong, 1 - fit["y"], fit["y"]).astype("float32")}


def _shuffled(data: Any, both: bool) -> Any:
    """Rows of y are permuted and those of x are not (in the validation rows too, if `both`)."""

    def broken(seed: int) -> Fit:
        fit, rng = data(seed), np.random.default_rng(seed)
        xv, yv = fit["validation_data"]
        return {
            **fit,
            "y": rng.permutation(fit["y"]),
            "validation_data": (xv, rng.permutation(yv) if both else yv),
        }

    return broken


def _shifted(seed: int, by: int) -> Fit:
    """Rows were dropped from x and not from y, so the labels lag behind by some rows."""
    fit = tables.digits(seed)
    xv, yv = fit["validation_data"]
    return {**fit, "y": np.roll(fit["y"], by), "validation_data": (xv, np.roll(yv, by))}


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


def _rare_net(seed: int) -> Any:
    metrics = ["accuracy", keras.metrics.Recall(name="recall")]
    return _dense(seed, 8, 1, width=8, optimizer=lambda: optimizers.SGD(0.05), metrics=metrics)


def _weighed(seed: int) -> Fit:
    return {**problems.rare(seed), "class_weight": {0: 1.0, 1: 40.0}}


def _three(seed: int, *, weighed: bool) -> Fit:
    """Three grades in the proportion 96 : 2 : 2, overlapping."""
    rng = np.random.default_rng(seed)
    y = rng.choice(3, size=2500, p=[0.96, 0.02, 0.02])
    x = rng.normal(size=(2500, 6))
    x[:, 0] += 1.6 * (y == 1)
    x[:, 1] += 1.6 * (y == 2)
    fit = tables.split(x.astype("float32"), y, seed)
    even = np.concatenate([np.flatnonzero(fit["validation_data"][1] == k)[:12] for k in range(3)])
    xv, yv = fit["validation_data"]
    return (
        fit
        | {"validation_data": (xv[even], yv[even])}
        | ({"class_weight": {0: 1.0, 1: 48.0, 2: 48.0}} if weighed else {})
    )


def _sorted_rows(seed: int, *, by_class: bool) -> Fit:
    """All rows handed over with validation_split; from the file they come class by class."""
    fit = tables.digits(seed, share=1.0)
    order = np.argsort(fit["y"], kind="stable") if by_class else np.arange(len(fit["y"]))
    return {"x": fit["x"][order], "y": fit["y"][order], "validation_split": 0.25}


def _few_texts(seed: int) -> Fit:
    """The first fourteen sentences only, judged on as many others as ever."""
    fit = problems.texts(seed)
    return {**fit, "x": fit["x"][:14], "y": fit["y"][:14]}


def _unlike(seed: int, how: str) -> Fit:
    """Validation rows prepared in another way than the training rows."""
    if how == "not scaled":
        fit = _wine(seed)
        return {**fit, "validation_data": tables.wine(seed)["validation_data"]}
    fit = tables.digits(seed)
    xv, yv = fit["validation_data"]
    changed = {
        "255": (xv * 255.0, yv),
        "transposed": (xv.reshape(-1, 8, 8).transpose(0, 2, 1).reshape(-1, 64), yv),
        "labels": (xv, (yv + 1) % 10),
        "negative": (1.0 - xv, yv),
    }
    return {**fit, "validation_data": changed[how]}


FEW = {"epochs": 60, "batch_size": 8}
MANY = {"epochs": 15, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
NAN = "non-finite-data"

CASES = (
    pair(
        "data-wine-nan-column",
        "Missing values were left as NaN in one column; the loss is NaN from the start.",
        NAN,
        ACCURATE,
        (_wine_holes, _wine),
        partial(_dense, features=13, units=3),
        {"epochs": 30, "batch_size": 16},
    ),
    pair(
        "data-log-of-zero",
        "np.log over counts made minus infinity of the zeros.",
        NAN,
        last("val_loss", below=0.1),
        (partial(_log_zero, safe=False), partial(_log_zero, safe=True)),
        partial(_mean_net, features=5),
        MANY,
    ),
    pair(
        "data-one-nan-target",
        "Three rows of the target are NaN; the loss is NaN after some steps.",
        NAN,
        last("val_loss", below=0.2),
        (partial(_target_hole, holes=3), partial(_target_hole, holes=0)),
        partial(_mean_net, features=6),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-one-bad-batch",
        "A stream whose eleventh batch holds one infinite reading.",
        NAN,
        last("val_loss", below=0.25),
        (partial(_stream, broken=10), partial(_stream, broken=None)),
        partial(_mean_net, features=6),
        {"epochs": 30},
    ),
    pair(
        "data-zero-over-zero",
        "A constant column, standardised by hand: 0/0.",
        NAN,
        ACCURATE,
        (partial(_constant_column, guarded=False), partial(_constant_column, guarded=True)),
        partial(_dense, features=14, units=3),
        {"epochs": 30, "batch_size": 16},
    ),
    pair(
        "data-labels-half-random",
        "Sixty percent of the training labels are drawn at random; a wide net learns them by heart.",
        "label-noise overfitting misaligned-labels",
        last("val_accuracy", above=0.9),
        (partial(_flipped, share=0.6), partial(_flipped, share=0.0)),
        partial(_dense, features=64, units=10, width=256),
        {"epochs": 40, "batch_size": 32},
    ),
    pair(
        "data-diagnoses-misread",
        "A third of the tumours have the wrong diagnosis; training goes on to 1.0.",
        "label-noise overfitting",
        last("val_loss", below=0.4),
        (partial(_misread, share=0.33), partial(_misread, share=0.0)),
        partial(_dense, features=30, units=1, width=96),
        {"epochs": 40, "batch_size": 16},
    ),
    pair(
        "data-shuffled-apart-digits",
        "x and y were shuffled with different seeds; training creeps up, validation stays at chance.",
        "misaligned-labels label-noise overfitting",
        ACCURATE,
        (_shuffled(tables.digits, True), tables.digits),
        partial(_dense, features=64, units=10, width=64),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "data-shuffled-apart-moons",
        "The labels were shuffled and the points were not; loss at ln 2.",
        "misaligned-labels label-noise",
        ACCURATE,
        (_shuffled(problems.moons, True), problems.moons),
        partial(_dense, features=2, units=1),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-shuffled-apart-regression",
        "Targets of a regression in another order than their rows.",
        "misaligned-labels label-noise overfitting",
        last("val_loss", below=0.2),
        (_shuffled(problems.friction, True), problems.friction),
        partial(_mean_net, features=6),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-labels-lag-one-row",
        "A dropna on x alone: every label belongs to the row before.",
        "misaligned-labels label-noise overfitting",
        ACCURATE,
        (partial(_shifted, by=1), partial(_shifted, by=0)),
        partial(_dense, features=64, units=10, width=64),
        {"epochs": 20, "batch_size": 32},
    ),
    pair(
        "data-targets-lost-point",
        "Four targets of 630 are three thousand times too large.",
        "outliers",
        last("val_loss", below=0.25),
        (partial(_typos, rows=4), partial(_typos, rows=0)),
        partial(_mean_net, features=6),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-sensor-missing-code",
        "A sensor's missing code of -99999 in twenty rows.",
        "outliers unscaled-features",
        last("loss", below=0.3),
        (partial(_sensor, rows=20), partial(_sensor, rows=0)),
        partial(_mean_net, features=6),
        {"epochs": 30, "batch_size": 32},
    ),
    pair(
        "data-rare-event",
        "One and a half percent of ones: accuracy .985, none of them found.",
        "class-imbalance",
        last("val_recall", above=0.5),
        (problems.rare, _weighed),
        _rare_net,
        {"epochs": 10, "batch_size": 64},
    ),
    pair(
        "data-three-grades",
        "Grades of 96 : 2 : 2; on even validation data all is called the first.",
        "class-imbalance",
        last("val_accuracy", above=0.55),
        (partial(_three, weighed=False), partial(_three, weighed=True)),
        partial(_dense, features=6, units=3, width=12),
        {"epochs": 12, "batch_size": 64},
    ),
    pair(
        "data-sorted-validation-split",
        "Rows sorted by class and validation_split=0.25: validation classes never trained.",
        "inconsistent-preprocessing class-imbalance misaligned-labels",
        ACCURATE,
        (partial(_sorted_rows, by_class=True), partial(_sorted_rows, by_class=False)),
        partial(_dense, features=64, units=10),
        MANY,
    ),
    pair(
        "data-validation-not-scaled",
        "The training rows were standardised, the validation rows were not.",
        "inconsistent-preprocessing",
        every(ACCURATE, last("val_loss", below=0.5)),
        (partial(_unlike, how="not scaled"), _wine),
        partial(_dense, features=13, units=3),
        {"epochs": 25, "batch_size": 16},
    ),
    pair(
        "data-validation-in-255",
        "Training pixels divided by 255, validation pixels not.",
        "inconsistent-preprocessing overfitting",
        every(ACCURATE, last("val_loss", below=0.5)),
        (partial(_unlike, how="255"), tables.digits),
        partial(_dense, features=64, units=10),
        MANY,
    ),
    pair(
        "data-validation-inverted",
        "Black on white in training, white on black in validation.",
        "inconsistent-preprocessing",
        ACCURATE,
        (partial(_unlike, how="negative"), tables.digits),
        partial(_dense, features=64, units=10),
        MANY,
    ),
    pair(
        "data-validation-other-encoder",
        "The labels of the validation rows come from a second LabelEncoder.",
        "inconsistent-preprocessing misaligned-labels",
        ACCURATE,
        (partial(_unlike, how="labels"), tables.digits),
        partial(_dense, features=64, units=10),
        MANY,
    ),
    pair(
        "data-fourteen-rows",
        "Fourteen digits to learn ten classes from.",
        "too-little-data overfitting",
        ACCURATE,
        (partial(tables.digits, rows=47, share=0.3), tables.digits),
        partial(_dense, features=64, units=10),
        (FEW, MANY),
    ),
    pair(
        "data-fourteen-texts",
        "Fourteen sentences and an embedding of four hundred words.",
        "too-little-data overfitting",
        last("val_accuracy", above=0.85),
        (_few_texts, problems.texts),
        lambda seed: sequential(
            (20,),
            layers.Embedding(400, 16),
            layers.GlobalAveragePooling1D(),
            layers.Dense(1, activation="sigmoid"),
            optimizer=optimizers.Adam(0.02),
            loss="binary_crossentropy",
            metrics=["accuracy"],
        ),
        (FEW, MANY),
    ),
)
