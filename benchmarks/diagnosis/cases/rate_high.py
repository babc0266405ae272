"""Learning rate too high: as NaN, flat loss, oscillation, late divergence, and through schedules."""

from __future__ import annotations

from functools import partial
from typing import Any

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.kit import every, last, pair, sequential
from benchmarks.diagnosis.lazy import keras, layers, optimizers

HIGH = "learning-rate-too-high"


def _disease(seed: int) -> dict[str, Any]:
    return tables.standard(tables.diabetes(seed), targets=True)


def _disease_net(seed: int, rate: float) -> Any:
    stack = [layers.Dense(64, activation="relu"), layers.Dense(32, activation="relu"), layers.Dense(1)]
    return sequential((10,), *stack, optimizer=optimizers.SGD(rate), loss="mse", metrics=["mae"])


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


def _line_net(seed: int, rate: float, momentum: float = 0.0) -> Any:
    sgd = optimizers.SGD(rate, momentum=momentum)
    return sequential((8,), layers.Dense(1), optimizer=sgd, loss="mean_squared_error")


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


def _spiral_net(seed: int, optimizer: Any) -> Any:
    stack = [layers.Dense(48, activation="tanh"), layers.Dense(48, activation="tanh")]
    stack.append(layers.Dense(3, activation="softmax"))
    loss = "sparse_categorical_crossentropy"
    return sequential((2,), *stack, optimizer=optimizer(), loss=loss, metrics=["accuracy"])


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


def _warm_up(top: float, steps: int) -> Any:
    """SGD whose rate climbs in a line to `top`."""
    return lambda: optimizers.SGD(optimizers.schedules.PolynomialDecay(1e-3, steps, top))


def _by_epoch(rates: Any) -> Any:
    return lambda seed: [keras.callbacks.LearningRateScheduler(lambda epoch: float(rates(epoch)))]


def _waves_net(seed: int, rate: float) -> Any:
    stack = [layers.GRU(24), layers.Dense(1)]
    return sequential((24, 1), *stack, optimizer=optimizers.Adam(rate), loss="mae")


def _pair(name: str, story: str, data: Any, net: Any, bad: Any, good: Any, well: Any, **fit: Any) -> Any:
    """A case whose runs differ in what is passed to `net` as its second argument."""
    causes = " ".join([HIGH, *fit.pop("also", ())])
    return pair(
        name, story, causes, well, data, (lambda seed: net(seed, bad), lambda seed: net(seed, good)), fit
    )


def _sgd(rate: float, **more: Any) -> Any:
    return lambda: optimizers.SGD(rate, **more)


ACCURATE = last("val_accuracy", above=0.85)

CASES = (
    _pair(
        "rate-sgd-diabetes-nan",
        "Disease progression, all scaled, but SGD with a rate of 1: NaN at once.",
        _disease,
        _disease_net,
        1.0,
        0.01,
        last("val_loss", below=0.8),
        epochs=30,
        batch_size=16,
    ),
    _pair(
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
    _pair(
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
    _pair(
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
    _pair(
        "rate-linear-regression-nan",
        "Plain linear regression by SGD with rate 0.9: the loss doubles each step.",
        problems.line,
        _line_net,
        0.9,
        0.05,
        last("val_loss", below=0.05),
        epochs=12,
        batch_size=32,
    ),
    _pair(
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
    _pair(
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
    _pair(
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
    _pair(
        "rate-warm-up-too-far",
        "A warm-up that climbs to 20: fine for some epochs, then the loss leaps.",
        problems.spiral,
        _spiral_net,
        _warm_up(20.0, 900),
        _warm_up(0.5, 900),
        ACCURATE,
        epochs=45,
        batch_size=16,
    ),
    _pair(
        "rate-momentum-spiral-bounces",
        "SGD with momentum .95 and rate 2 over tanh layers: bounces for ever.",
        problems.spiral,
        _spiral_net,
        _sgd(2.0, momentum=0.95),
        _sgd(0.1, momentum=0.9),
        ACCURATE,
        epochs=40,
        batch_size=32,
        also=["saturated-activations"],
    ),
    _pair(
        "rate-adagrad-ten",
        "Somebody set Adagrad to 10; saturated tanh from the first steps.",
        problems.spiral,
        _spiral_net,
        lambda: optimizers.Adagrad(10.0),
        lambda: optimizers.Adagrad(0.2),
        ACCURATE,
        epochs=40,
        batch_size=32,
        also=["saturated-activations"],
    ),
    _pair(
        "rate-gru-waves",
        "A GRU for a time series with Adam(0.5): the error never gets below the mean's.",
        problems.waves,
        _waves_net,
        0.5,
        0.01,
        last("val_loss", below=0.15),
        epochs=10,
        batch_size=32,
        also=["saturated-activations"],
    ),
    pair(
        "rate-step-up-by-mistake",
        "A scheduler that multiplies where it should divide: dies in the third stage.",
        HIGH,
        last("val_loss", below=0.8),
        _disease,
        partial(_disease_net, rate=0.02),
        {"epochs": 20, "batch_size": 16},
        (_by_epoch(lambda e: 0.02 * 10.0 ** (e // 5)), _by_epoch(lambda e: 0.02 * 0.3 ** (e // 5))),
    ),
    _pair(
        "rate-slow-divergence",
        "Linear regression just beyond its stable rate: the loss grows by and by.",
        problems.line,
        _line_net,
        0.95,
        0.3,
        last("val_loss", below=0.05),
        epochs=40,
        batch_size=500,
    ),
)
