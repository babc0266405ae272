"""Healthy controls: schedules, optimizers, regularisation, noise floors, imbalance, small data."""

from __future__ import annotations

import math
from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.kit import control, last, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers, tf
from benchmarks.diagnosis.tables import Fit


def _digits_net(
    seed: int, optimizer: Any, *, act: str = "relu", drop: float = 0.0, width: int = 64, **compiled: Any
) -> Any:
    stack = [
        layers.Dense(width, activation=act),
        layers.Dropout(drop),
        layers.Dense(10, activation="softmax"),
    ]
    compiled = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"]} | compiled
    return sequential((64,), *stack, optimizer=optimizer(), **compiled)


def _law_net(
    seed: int, optimizer: Any, *, act: str = "relu", loss: Any = "mse", out: Any = None, features: int = 6
) -> Any:
    stack = [
        layers.Dense(32, activation=act),
        layers.Dense(32, activation=act),
        layers.Dense(1, activation=out),
    ]
    return sequential((features,), *stack, optimizer=optimizer(), loss=loss, metrics=["mae"])


def _made(kind: str, **how: Any) -> Any:
    return lambda: getattr(optimizers, kind)(**how)


def _scheduled(kind: str, *how: Any, **more: Any) -> Any:
    return lambda: optimizers.SGD(getattr(optimizers.schedules, kind)(*how, **more), momentum=0.9)


def _by_epoch(rates: Any) -> Any:
    return lambda seed: [keras.callbacks.LearningRateScheduler(lambda epoch: float(rates(epoch)))]


def _one_cycle(epoch: int) -> float:
    """Up to the fortieth part of the way, then down in a cosine, over 25 epochs."""
    return 0.02 + 0.48 * (epoch / 10 if epoch < 10 else 0.5 + 0.5 * math.cos(math.pi * (epoch - 10) / 15))


def _restarts(epoch: int) -> float:
    """SGDR: every ten epochs from 0.5 down to nearly nought."""
    return 0.005 + 0.3 * (0.5 + 0.5 * math.cos(math.pi * (epoch % 10) / 10))


def _coin(seed: int) -> Fit:
    """A weighted coin: the best loss is far above nought and is reached within two epochs."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(3000, 4)).astype("float32")
    y = rng.random(3000) < 1 / (1 + np.exp(-0.5 * x[:, 0]))
    return tables.split(x, y.astype("float32"), seed)


def _murky(seed: int) -> Fit:
    """A number of which two thirds are noise."""
    return problems.line(seed, rows=1200, noise=2.5)


def _logit_net(seed: int, features: int, width: int = 8) -> Any:
    stack = [layers.Dense(width, activation="relu"), layers.Dense(1, activation="sigmoid")]
    return sequential(
        (features,),
        *stack,
        optimizer=optimizers.Adam(0.01),
        loss="binary_crossentropy",
        metrics=["accuracy", keras.metrics.Recall(name="recall")],
    )


def _rare_learned(seed: int) -> Fit:
    fit = problems.rare(seed, share=0.04)
    lift = np.array([2.0] * 3 + [0.0] * 5, "float32")

    def move(x: Any, y: Any) -> Any:
        return (x + y[:, None] * lift).astype("float32")

    xv, yv = fit["validation_data"]
    return {**fit, "x": move(fit["x"], fit["y"]), "validation_data": (move(xv, yv), yv)}


def _stock(name: str) -> Any:
    return lambda: name


def _l1(seed: int) -> Any:
    penalty = keras.regularizers.L1(0.002)
    stack = [
        layers.Dense(48, activation="relu", kernel_regularizer=penalty),
        layers.Dense(10, activation="softmax"),
    ]
    return sequential(
        (64,),
        *stack,
        optimizer=optimizers.Adam(0.003),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _iris(seed: int) -> Fit:
    return tables.iris(seed)


def _iris_net(seed: int) -> Any:
    """Centimetres as they come: small enough to need no scaling."""
    stack = [layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax")]
    return sequential(
        (4,),
        *stack,
        optimizer=optimizers.Adam(0.02),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _ridge(seed: int) -> Any:
    penalty = keras.regularizers.L2(0.01)
    return sequential(
        (10,),
        layers.Dense(1, kernel_regularizer=penalty),
        optimizer=optimizers.Adam(0.02),
        loss="mse",
        metrics=["mse"],
    )


def _streamed(seed: int) -> Fit:
    fit = tables.digits(seed)
    train = (
        tf.data.Dataset.from_tensor_slices((fit["x"], fit["y"]))
        .shuffle(1500, seed=seed)
        .batch(32)
        .prefetch(2)
    )
    return {
        "x": train,
        "validation_data": tf.data.Dataset.from_tensor_slices(fit["validation_data"]).batch(128),
    }


def _generated(seed: int) -> Fit:
    """An endless generator with steps_per_epoch."""
    fit = problems.friction(seed)

    def batches() -> Any:
        rng = np.random.default_rng(seed)
        while True:
            rows = rng.integers(0, len(fit["x"]), 32)
            yield fit["x"][rows], fit["y"][rows]

    return {"x": batches(), "validation_data": fit["validation_data"], "steps_per_epoch": 20}


def _weighed(seed: int) -> Fit:
    """Recent rows count more: sample weights that fall off over the rows."""
    fit = problems.friction(seed)
    return {**fit, "sample_weight": np.exp(-np.linspace(0, 2, len(fit["x"]))).astype("float32")}


def _balanced(seed: int) -> Fit:
    return {**_rare_learned(seed), "class_weight": {0: 0.52, 1: 12.0}}


def _tiny(seed: int) -> Fit:
    """Thirty rows on a line."""
    return problems.line(seed, rows=44, features=2)


def _stop(seed: int) -> list[Any]:
    return [keras.callbacks.EarlyStopping(patience=4, restore_best_weights=True)]


def _onehot(seed: int) -> Fit:
    return tables.onehot(tables.digits(seed), 10)


def _smooth(seed: int) -> Any:
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=0.2)
    return _digits_net(seed, _made("Adam", learning_rate=0.003), loss=loss)


def _raw_but_normal(seed: int) -> Any:
    """Raw wine through a Normalization layer that was adapted."""
    norm = layers.Normalization()
    norm.adapt(tables.wine(seed)["x"])
    stack = [norm, layers.Dense(24, activation="relu"), layers.Dense(3, activation="softmax")]
    return sequential(
        (13,),
        *stack,
        optimizer=optimizers.Adam(0.01),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _raw_but_rescaled(seed: int) -> Any:
    stack = [
        layers.Rescaling(1 / 255),
        layers.Conv2D(16, 3, activation="relu"),
        layers.MaxPooling2D(),
        layers.Flatten(),
    ]
    stack.append(layers.Dense(10, activation="softmax"))
    return sequential(
        (8, 8, 1),
        *stack,
        optimizer=optimizers.Adam(0.005),
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )


def _raw_but_batchnorm(seed: int) -> Any:
    stack = [
        layers.BatchNormalization(momentum=0.9),
        layers.Dense(16, activation="relu"),
        layers.Dense(1, activation="sigmoid"),
    ]
    return sequential(
        (30,), *stack, optimizer=optimizers.Adam(0.01), loss="binary_crossentropy", metrics=["accuracy"]
    )


ACCURATE = last("val_accuracy", above=0.88)
GOOD_FIT = last("val_loss", below=0.2)
ADAM = _made("Adam", learning_rate=0.003)
FIT = {"epochs": 15, "batch_size": 32}
LONG = {"epochs": 30, "batch_size": 32}
BENT = problems.friction

CASES = (
    control(
        "well-dropout-half",
        "Dropout: the training loss stays above the validation loss all along.",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=ADAM, drop=0.5),
        LONG,
    ),
    control(
        "well-coin-tosses",
        "A weighted coin; 0.66 is as low as it gets and is reached at once.",
        last("val_loss", below=0.685),
        _coin,
        partial(_logit_net, features=4),
        FIT,
    ),
    control(
        "well-murky-regression",
        "Two thirds of the target are noise.",
        last("val_loss", below=9.0),
        _murky,
        partial(_law_net, optimizer=_made("Adam", learning_rate=0.001), features=8),
        {"epochs": 8, "batch_size": 32},
    ),
    control(
        "well-rare-but-found",
        "Four percent of ones, and nearly all are found.",
        last("val_recall", above=0.7),
        _rare_learned,
        partial(_logit_net, features=8),
        FIT,
    ),
    control(
        "well-class-weight",
        "The same with class_weight: the loss reported is that of weighted rows.",
        last("val_recall", above=0.8),
        _balanced,
        partial(_logit_net, features=8),
        FIT,
    ),
    control(
        "well-cosine-decay",
        "CosineDecay to nought over the whole run; the end stands still on purpose.",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=_scheduled("CosineDecay", 0.1, 600)),
        FIT,
    ),
    control(
        "well-one-cycle",
        "One cycle from 0.02 to 0.5 and back: the loss has a hump in the middle.",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=_made("SGD", learning_rate=0.02)),
        {"epochs": 25, "batch_size": 32},
        _by_epoch(_one_cycle),
    ),
    control(
        "well-warm-restarts",
        "Restarts each ten epochs; the loss leaps at each.",
        GOOD_FIT,
        BENT,
        partial(_law_net, optimizer=_made("SGD", learning_rate=0.3)),
        LONG,
        _by_epoch(_restarts),
    ),
    control(
        "well-warm-up",
        "A warm-up of five epochs in which next to nothing happens.",
        ACCURATE,
        tables.digits,
        partial(
            _digits_net, optimizer=_scheduled("CosineDecay", 1e-5, 600, warmup_target=0.1, warmup_steps=200)
        ),
        {"epochs": 20, "batch_size": 32},
    ),
    control(
        "well-step-decay",
        "PiecewiseConstantDecay in three steps.",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=_scheduled("PiecewiseConstantDecay", [250, 450], [0.1, 0.01, 0.001])),
        FIT,
    ),
    control(
        "well-rmsprop",
        "RMSprop on a bent law.",
        GOOD_FIT,
        BENT,
        partial(_law_net, optimizer=_made("RMSprop", learning_rate=0.003)),
        LONG,
    ),
    control(
        "well-adagrad",
        "Adagrad with a rate that suits it.",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=_made("Adagrad", learning_rate=0.1)),
        FIT,
    ),
    control(
        "well-lion",
        "Lion: every step moves every weight by the same amount.",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=_made("Lion", learning_rate=5e-4)),
        FIT,
    ),
    control(
        "well-nadam-tanh",
        "Nadam over tanh layers.",
        GOOD_FIT,
        BENT,
        partial(_law_net, optimizer=_made("Nadam", learning_rate=0.004), act="tanh"),
        LONG,
    ),
    control(
        "well-adamw",
        "AdamW with its usual decay.",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=_made("AdamW", learning_rate=0.003, weight_decay=0.004)),
        FIT,
    ),
    control(
        "well-adadelta-one",
        "Adadelta with a rate of 1 and GELU.",
        ACCURATE,
        tables.digits,
        partial(_digits_net, optimizer=_made("Adadelta", learning_rate=1.0), act="gelu"),
        FIT,
    ),
    control(
        "well-sgd-string",
        "optimizer='sgd' on a linear law: slow but there.",
        last("val_loss", below=0.05),
        problems.line,
        lambda seed: sequential((8,), layers.Dense(1), optimizer="sgd", loss="mse"),
        LONG,
    ),
    control(
        "well-clipnorm",
        "clipnorm=1.0 with momentum; many early steps are cut.",
        GOOD_FIT,
        BENT,
        partial(_law_net, optimizer=_made("SGD", learning_rate=0.05, momentum=0.9, clipnorm=1.0)),
        LONG,
    ),
    control(
        "well-silu",
        "SiLU on a bent law.",
        GOOD_FIT,
        BENT,
        partial(_law_net, optimizer=ADAM, act="silu"),
        LONG,
    ),
    control(
        "well-l1",
        "An L1 penalty: a first loss of 6 where ln 10 is due, and most weights at nought in the end.",
        ACCURATE,
        tables.digits,
        _l1,
        {"epochs": 25, "batch_size": 32},
    ),
    control(
        "well-iris-unscaled",
        "Iris in centimetres, eight tanh units, no scaling needed.",
        ACCURATE,
        _iris,
        _iris_net,
        {"epochs": 50, "batch_size": 8},
    ),
    control(
        "well-ridge-diabetes",
        "A ridge regression: mse 0.5 is what this table gives.",
        last("val_mse", below=0.75),
        lambda seed: tables.standard(tables.diabetes(seed), targets=True),
        _ridge,
        LONG,
    ),
    control(
        "well-tf-data",
        "A tf.data pipeline with shuffle and prefetch, no batch_size known.",
        ACCURATE,
        _streamed,
        partial(_digits_net, optimizer=ADAM),
        {"epochs": 15},
    ),
    control(
        "well-generator",
        "An endless Python generator.",
        GOOD_FIT,
        _generated,
        partial(_law_net, optimizer=ADAM),
        {"epochs": 30},
    ),
    control(
        "well-sample-weight",
        "Sample weights that fall off by age.",
        GOOD_FIT,
        _weighed,
        partial(_law_net, optimizer=ADAM),
        LONG,
    ),
    control(
        "well-thirty-rows",
        "Thirty rows, two columns, a line.",
        last("val_loss", below=0.1),
        _tiny,
        lambda seed: sequential((2,), layers.Dense(1), optimizer=optimizers.SGD(0.1), loss="mse"),
        {"epochs": 40, "batch_size": 5},
    ),
    control(
        "well-early-stopping",
        "EarlyStopping with patience and restore_best_weights.",
        lambda h: min(h["val_loss"]) < 0.2,
        BENT,
        partial(_law_net, optimizer=_made("Adam", learning_rate=0.01)),
        {"epochs": 80, "batch_size": 32},
        _stop,
    ),
    control(
        "well-label-smoothing",
        "Label smoothing of 0.2: the loss cannot go below 0.9.",
        ACCURATE,
        _onehot,
        _smooth,
        FIT,
    ),
    control(
        "well-three-epochs",
        "Three epochs only, but they are enough.",
        last("val_accuracy", above=0.9),
        tables.digits,
        partial(_digits_net, optimizer=_made("Adam", learning_rate=0.02)),
        {"epochs": 4, "batch_size": 16},
    ),
    control(
        "well-raw-normalization",
        "Raw wine and a Normalization layer.",
        ACCURATE,
        tables.wine,
        _raw_but_normal,
        LONG,
    ),
    control(
        "well-raw-rescaling",
        "Pixels of 0..255 and a Rescaling layer.",
        ACCURATE,
        partial(tables.digits, scale=16 / 255, image=True),
        _raw_but_rescaled,
        FIT,
    ),
    control(
        "well-raw-batchnorm",
        "Raw tumours and a BatchNormalization in front.",
        ACCURATE,
        tables.cancer,
        _raw_but_batchnorm,
        FIT,
    ),
)
