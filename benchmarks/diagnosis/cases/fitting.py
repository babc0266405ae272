"""Overfitting, too much regularisation, frozen layers."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.kit import History, every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, ops, optimizers
from benchmarks.diagnosis.tables import Fit


def _no_turn(history: History) -> bool:
    """The validation loss ends near its lowest."""
    return history["val_loss"][-1] < 1.25 * min(history["val_loss"])


def _ill(seed: int) -> Fit:
    return tables.standard(tables.diabetes(seed), targets=True)


def _ill_net(seed: int, *, width: int, l2: float = 0.0, drop: float = 0.0) -> Any:
    penalty = (lambda: keras.regularizers.L2(l2)) if l2 else (lambda: None)
    stack = [layers.Dense(width, activation="relu", kernel_regularizer=penalty()), layers.Dropout(drop)]
    stack += [
        layers.Dense(width, activation="relu", kernel_regularizer=penalty()),
        layers.Dropout(drop),
        layers.Dense(1),
    ]
    return sequential((10,), *stack, optimizer=optimizers.Adam(0.002), loss="mse", metrics=["mse"])


def _noisy_moons(seed: int, rows: int) -> Fit:
    return problems.moons(seed, rows=rows, noise=0.45)


def _moons_net(seed: int, *, widths: tuple[int, ...]) -> Any:
    stack = [layers.Dense(w, activation="relu") for w in widths] + [layers.Dense(1, activation="sigmoid")]
    return sequential(
        (2,), *stack, optimizer=optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"]
    )


def _wide_table(seed: int, rows: int = 260) -> Fit:
    """Three hundred columns of which three matter, and noise on top."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(rows, 300)).astype("float32")
    y = (x[:, 0] - x[:, 1] + 0.8 * x[:, 2] + 0.8 * rng.normal(size=rows) > 0).astype("float32")
    return tables.split(x, y, seed)


def _wide_net(seed: int, *, l1: float) -> Any:
    penalty = keras.regularizers.L1(l1) if l1 else None
    hidden = [] if l1 else [layers.Dense(64, activation="relu")]
    return sequential(
        (300,),
        *hidden,
        layers.Dense(1, activation="sigmoid", kernel_regularizer=penalty),
        optimizer=optimizers.Adam(0.005),
        loss="binary_crossentropy",
        metrics=["accuracy"],
    )


def _opinions(seed: int, rows: int) -> Fit:
    """Texts in which one reader in five disagrees."""
    fit = problems.texts(seed, rows=rows, words=900)
    rng = np.random.default_rng(seed)
    return problems.change(fit, y=lambda y: np.where(rng.random(len(y)) < 0.2, 1 - y, y).astype("float32"))


def _opinion_net(seed: int, *, size: int, drop: float) -> Any:
    stack = [layers.Embedding(900, size), layers.GlobalAveragePooling1D(), layers.Dropout(drop)]
    stack.append(layers.Dense(1, activation="sigmoid"))
    adam = optimizers.Adam(0.02 if size > 8 else 0.003)
    return sequential((20,), *stack, optimizer=adam, loss="binary_crossentropy", metrics=["accuracy"])


def _noisy_digits(seed: int, rows: int) -> Fit:
    rng = np.random.default_rng(seed)
    fit = tables.digits(seed, image=True, rows=rows, share=0.5)
    return problems.change(fit, x=lambda x: (x + 0.35 * rng.normal(size=x.shape)).astype("float32"))


def _conv_net(seed: int) -> Any:
    stack = [
        layers.Conv2D(32, 3, activation="relu"),
        layers.Conv2D(32, 3, activation="relu"),
        layers.Flatten(),
    ]
    stack += [layers.Dense(128, activation="relu"), layers.Dense(10, activation="softmax")]
    loss = "sparse_categorical_crossentropy"
    return sequential((8, 8, 1), *stack, optimizer="adam", loss=loss, metrics=["accuracy"])


def _held(
    seed: int,
    *,
    l2: float = 0.0,
    l1: float = 0.0,
    drop: float = 0.0,
    noise: float = 0.0,
    activity: float = 0.0,
) -> Any:
    """A net for digits with whichever brake was put on."""
    penalty = partial(keras.regularizers.L1L2, l1=l1, l2=l2)
    model = keras.Sequential([keras.Input((64,))])
    if noise:
        model.add(layers.GaussianNoise(noise))
    for width in (64, 32):
        loud = keras.regularizers.L1(activity) if activity else None
        model.add(
            layers.Dense(width, activation="relu", kernel_regularizer=penalty(), activity_regularizer=loud)
        )
        model.add(layers.Dropout(drop))
    model.add(layers.Dense(10, activation="softmax", kernel_regularizer=penalty()))
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _bounded(seed: int, size: float) -> Any:
    limit = partial(keras.constraints.MaxNorm, size)
    stack = [layers.Dense(48, activation="relu", kernel_constraint=limit(), bias_constraint=limit())]
    stack.append(layers.Dense(10, activation="softmax", kernel_constraint=limit(), bias_constraint=limit()))
    loss = "sparse_categorical_crossentropy"
    return sequential((64,), *stack, optimizer="adam", loss=loss, metrics=["accuracy"])


def _base(seed: int, *, learn: bool) -> Any:
    """'Transfer learning' from a base that was never trained."""
    base = keras.Sequential(
        [
            keras.Input((12, 12, 1)),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.Conv2D(4, 3, strides=2, activation="relu"),
            layers.GlobalAveragePooling2D(),
        ]
    )
    base.trainable = learn
    return sequential(
        (12, 12, 1),
        base,
        layers.Dense(3, activation="softmax"),
        optimizer=optimizers.Adam(0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _all_frozen(seed: int, *, frozen: bool) -> Any:
    """`for layer in model.layers: layer.trainable = False`, but for the head."""
    stack = [layers.Dense(32, activation="relu"), layers.Dense(32, activation="relu")]
    model = sequential(
        (6,), *stack, layers.Dense(4, activation="softmax"), loss="sparse_categorical_crossentropy"
    )
    for layer in model.layers[:-1]:
        layer.trainable = not frozen
    if frozen:
        model.layers[0].set_weights([0.02 * w for w in model.layers[0].get_weights()])
        model.layers[1].set_weights([0.02 * w for w in model.layers[1].get_weights()])
    model.compile(optimizers.Adam(0.005), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _cut(seed: int, *, cut: bool) -> Any:
    """A rounding inside the net lets no gradient through."""
    entry = keras.Input((2,))
    h = layers.Dense(16, activation="sigmoid")(entry)
    if cut:
        h = layers.Lambda(lambda t: ops.round(t))(h)
    h = layers.Dense(3, activation="tanh" if cut else "relu")(
        layers.Dense(16, activation="relu")(h) if not cut else h
    )
    model = keras.Model(entry, layers.Dense(1, activation="sigmoid")(h))
    model.compile(optimizers.Adam(0.01), "binary_crossentropy", metrics=["accuracy"])
    return model


FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 50, "batch_size": 32}
ACCURATE = last("val_accuracy", above=0.88)
OVER = "overfitting"
BRAKE = "over-regularized"

CASES = (
    pair(
        "over-diabetes-wide",
        "Two layers of 256 for 309 patients: training error to zero, validation error up.",
        OVER + " too-little-data",
        every(_no_turn, last("val_mse", below=0.75)),
        _ill,
        (partial(_ill_net, width=256), partial(_ill_net, width=24, l2=0.02, drop=0.3)),
        {"epochs": 60, "batch_size": 16},
    ),
    pair(
        "over-noisy-moons",
        "Moons that overlap, ninety points and three layers of 128.",
        OVER + " too-little-data",
        every(_no_turn, last("val_loss", below=0.55)),
        (partial(_noisy_moons, rows=130), partial(_noisy_moons, rows=800)),
        (partial(_moons_net, widths=(128, 128, 128)), partial(_moons_net, widths=(12,))),
        {"epochs": 60, "batch_size": 16},
    ),
    pair(
        "over-wide-table",
        "Three hundred columns and 182 rows; three columns matter.",
        OVER + " too-little-data",
        _no_turn,
        _wide_table,
        (partial(_wide_net, l1=0.0), partial(_wide_net, l1=0.02)),
        LONG,
    ),
    pair(
        "over-opinions",
        "An embedding learns the readers' contradictions by heart.",
        OVER + " label-noise",
        _no_turn,
        (partial(_opinions, rows=700), partial(_opinions, rows=2400)),
        (partial(_opinion_net, size=64, drop=0.0), partial(_opinion_net, size=4, drop=0.3)),
        ({"epochs": 30, "batch_size": 32}, FIT),
    ),
    pair(
        "over-noisy-digits-conv",
        "A conv net on two hundred grainy digits.",
        OVER + " too-little-data",
        every(_no_turn, last("val_accuracy", above=0.75)),
        (partial(_noisy_digits, rows=260), partial(_noisy_digits, rows=1797)),
        _conv_net,
        ({"epochs": 40, "batch_size": 32}, {"epochs": 4, "batch_size": 32}),
    ),
    pair(
        "held-l2-half",
        "L2(0.5) on every kernel: the loss falls and all classes come out alike.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, l2=0.5), partial(_held, l2=1e-4)),
        FIT,
    ),
    pair(
        "held-l1-tenth",
        "L1(0.1) on every kernel; accuracy one tenth, loss 2.30.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, l1=0.1), partial(_held, l1=1e-5)),
        FIT,
    ),
    pair(
        "held-dropout-nine-tenths",
        "Dropout(0.95) behind each layer, as if it were the share to keep.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, drop=0.95), partial(_held, drop=0.1)),
        FIT,
    ),
    pair(
        "held-noise-ten",
        "GaussianNoise(10) on pixels of 0..1.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, noise=10.0), partial(_held, noise=0.1)),
        FIT,
    ),
    pair(
        "held-activity-ten",
        "An activity penalty of 10 on the hidden units.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_held, activity=10.0), partial(_held, activity=1e-5)),
        FIT,
    ),
    pair(
        "held-max-norm",
        "MaxNorm(0.01) on all kernels.",
        BRAKE,
        ACCURATE,
        tables.digits,
        (partial(_bounded, size=0.01), partial(_bounded, size=4.0)),
        FIT,
    ),
    pair(
        "frozen-random-base",
        "A base that was never trained, frozen, and a head of fifteen weights.",
        "frozen-layers",
        last("val_accuracy", above=0.85),
        problems.shapes,
        (partial(_base, learn=False), partial(_base, learn=True)),
        {"epochs": 50, "batch_size": 32},
    ),
    pair(
        "frozen-all-but-head",
        "All hidden layers frozen where only the first should be; they pass on next to nothing.",
        "frozen-layers bad-initialization",
        last("val_accuracy", above=0.85),
        problems.blobs,
        (partial(_all_frozen, frozen=True), partial(_all_frozen, frozen=False)),
        FIT,
    ),
    pair(
        "frozen-by-rounding",
        "A rounding in a Lambda layer: no gradient reaches what lies before.",
        "frozen-layers architecture-ill-suited",
        ACCURATE,
        problems.board,
        (partial(_cut, cut=True), partial(_cut, cut=False)),
        {"epochs": 60, "batch_size": 32},
    ),
)
