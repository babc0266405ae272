"""Learning rate too high: as NaN, as a flat loss, as oscillation."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.rate_high_parts import (
    ACCURATE,
    disease,
    disease_net,
    line_net,
    rate_pair,
    spiral_net,
)
from benchmarks.diagnosis.kit import every, last, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers


def _digit_conv(seed: int, optimizer: Any) -> Any:
    model = keras.Sequential()
    model.add(layers.Conv2D(16, (3, 3), activation="relu", input_shape=(8, 8, 1)))
    model.add(layers.MaxPooling2D((2, 2)))
    model.add(layers.Flatten())
    model.add(layers.Dense(64, activation="relu"))
    model.add(layers.Dense(10, activation="softmax"))
    model.compile(optimizer=optimizer(), loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _momentum(rate: float) -> Any:
    return lambda: optimizers.SGD(learning_rate=rate, momentum=0.9)


def _wine(seed: int) -> dict[str, Any]:
    return tables.onehot(tables.standard(tables.wine(seed)), 3)


def _wine_net(seed: int, rate: float) -> Any:
    stack = [layers.Dense(24, activation="relu"), layers.Dense(24, activation="relu")]
    stack.append(layers.Dense(3, activation="softmax"))
    adam = optimizers.Adam(learning_rate=rate)
    return sequential((13,), *stack, optimizer=adam, loss="categorical_crossentropy", metrics=["accuracy"])


def _texts_net(seed: int, rate: float) -> Any:
    stack = [layers.Embedding(400, 16), layers.LSTM(24), layers.Dense(1, activation="sigmoid")]
    return sequential(
        (20,), *stack, optimizer=optimizers.Adam(rate), loss="binary_crossentropy", metrics=["acc"]
    )


def _blobs_net(seed: int, optimizer: Any) -> Any:
    stack = [
        layers.Dense(32),
        layers.BatchNormalization(),
        layers.ReLU(),
        layers.Dense(32, activation="relu"),
    ]
    stack.append(layers.Dense(4))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    return sequential((6,), *stack, optimizer=optimizer(), loss=loss, metrics=["accuracy"])


def _shapes_net(seed: int, rate: float) -> Any:
    stack = [layers.Conv2D(12, 3, activation="relu"), layers.Conv2D(16, 3, strides=2, activation="relu")]
    stack += [layers.GlobalMaxPooling2D(), layers.Dense(3, activation="softmax")]
    rms = optimizers.RMSprop(learning_rate=rate)
    return sequential(
        (12, 12, 1), *stack, optimizer=rms, loss="sparse_categorical_crossentropy", metrics=["accuracy"]
    )


def _code(seed: int) -> dict[str, Any]:
    fit = tables.digits(seed)
    (xv, _), x = fit["validation_data"], fit["x"]
    return {"x": x, "y": x, "validation_data": (xv, xv)}


def _code_net(seed: int, rate: float) -> Any:
    entry = keras.Input(shape=(64,))
    code = layers.Dense(16, activation="relu")(layers.Dense(40, activation="relu")(entry))
    out = layers.Dense(64, activation="sigmoid")(layers.Dense(40, activation="relu")(code))
    model = keras.Model(entry, out)
    model.compile(optimizer=optimizers.Nadam(rate), loss="mse")
    return model


def _sgd(rate: float, **more: Any) -> Any:
    return lambda: optimizers.SGD(rate, **more)


CASES = (
    rate_pair(
        "rate-sgd-diabetes-nan",
        "Disease progression, all scaled, but SGD with a rate of 1: NaN at once.",
        disease,
        disease_net,
        1.0,
        0.01,
        last("val_loss", below=0.8),
        epochs=30,
        batch_size=16,
    ),
    rate_pair(
        "rate-momentum-digits-flat",
        "A small conv net; loss falls to 2.30 and stays, accuracy one tenth.",
        partial(tables.digits, image=True),
        _digit_conv,
        _momentum(0.5),
        _momentum(0.01),
        ACCURATE,
        epochs=8,
        batch_size=32,
        also=["dying-relu"],
    ),
    rate_pair(
        "rate-adam-wine-jumps",
        "Adam with a rate of 1 on three growers of wine; the loss jumps about.",
        _wine,
        _wine_net,
        1.0,
        0.005,
        every(last("val_accuracy", above=0.9), last("val_loss", below=0.4)),
        epochs=25,
        batch_size=16,
        also=["dying-relu"],
    ),
    rate_pair(
        "rate-adam-lstm-flat",
        "Text with an LSTM and Adam(0.3): stuck near ln 2 with sudden jumps.",
        problems.texts,
        _texts_net,
        0.3,
        0.005,
        last("val_acc", above=0.85),
        epochs=6,
        batch_size=32,
    ),
    rate_pair(
        "rate-linear-regression-nan",
        "Plain linear regression by SGD with rate 0.9: the loss doubles each step.",
        problems.line,
        line_net,
        0.9,
        0.05,
        last("val_loss", below=0.05),
        epochs=12,
        batch_size=32,
    ),
    rate_pair(
        "rate-bn-hides-it",
        "Batch norm keeps it finite, but SGD(30) never settles.",
        problems.blobs,
        _blobs_net,
        _sgd(30.0),
        _sgd(0.05),
        ACCURATE,
        epochs=15,
        batch_size=32,
    ),
    rate_pair(
        "rate-rmsprop-shapes",
        "Bars in pictures with RMSprop(0.2): first epoch loss in the thousands, then ln 3.",
        problems.shapes,
        _shapes_net,
        0.2,
        0.003,
        ACCURATE,
        epochs=12,
        batch_size=32,
        also=["dying-relu"],
    ),
    rate_pair(
        "rate-nadam-autoencoder",
        "An autoencoder under Nadam(0.3) paints the same picture for every digit.",
        _code,
        _code_net,
        0.3,
        0.002,
        last("val_loss", below=0.045),
        epochs=15,
        batch_size=32,
        also=["dying-relu", "saturated-activations"],
    ),
    rate_pair(
        "rate-momentum-spiral-bounces",
        "SGD with momentum .95 and rate 2 over tanh layers: bounces for ever.",
        problems.spiral,
        spiral_net,
        _sgd(2.0, momentum=0.95),
        _sgd(0.1, momentum=0.9),
        ACCURATE,
        epochs=40,
        batch_size=32,
        also=["saturated-activations"],
    ),
)
