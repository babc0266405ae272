"""The table itself: names of rows and what they fit."""

from __future__ import annotations

from functools import partial
from typing import Any

import compat_models as m
import keras
import numpy as np
import pandas as pd
import tensorflow as tf
from compat_check import Row, cut
from compat_models import SIZE, C, X, Y, compiled
from keras import layers
from versions import OLD_KERAS

SGD = keras.optimizers.SGD


def arrays(x: Any = X, y: Any = Y, **more: Any) -> Any:
    return lambda: {"x": x, "y": y, "batch_size": SIZE, **more}


def row(build: Any, x: Any = X, y: Any = Y, **more: Any) -> Row:
    """A row over arrays, checked against the loop by hand."""
    return Row(build, arrays(x, y), cut(x, y), **more)


def functional_api() -> dict[str, Row]:
    pair, both = [X, X[:, ::-1]], [Y, C]
    named, targets = {"a": X, "b": X[:, ::-1]}, {"value": Y, "kind": C}
    losses = {"value": "mse", "kind": "sparse_categorical_crossentropy"}
    return {
        "Sequential": row(compiled(m.sequential)),
        "Sequential, classes": row(compiled(lambda: m.sequential(units=3, activation="softmax"), None, "sparse_categorical_crossentropy", metrics=["accuracy"]), y=C),
        "functional with a regularizer": row(compiled(m.functional)),
        "subclassed, unbuilt": row(compiled(m.Subclassed)),
        "two inputs, two outputs, loss_weights": row(
            compiled(m.two_in_two_out, None, ["mse", "sparse_categorical_crossentropy"], loss_weights=[0.3, 2.0]), pair, both
        ),
        "a loss for one of two outputs": row(compiled(m.two_in_two_out, None, ["mse", None]), pair, both),
        "dict inputs, dict outputs": row(compiled(m.dicts, None, losses, loss_weights={"value": 0.5, "kind": 1.5}), named, targets),
        "custom train_step with compute_loss": row(compiled(m.StepWithComputeLoss), mean=False),
        "custom train_step without compute_loss": row(compiled(m.StepOfItsOwn), mean=False),
        "overridden compute_loss": row(compiled(m.OwnLoss)),
        "overridden compute_loss without training": row(compiled(m.OwnLossWithoutTraining)),
        "add_loss": row(compiled(lambda: m.sequential(layers.Dense(6), m.AddsLoss()))),
        "nested models": row(compiled(m.nested)),
        "shared layers": row(compiled(m.shared)),
        "frozen parts": row(compiled(m.frozen)),
        "dropout and noise": row(compiled(lambda: m.sequential(layers.Dropout(0.3, seed=1), layers.GaussianNoise(0.1, seed=2)))),
        "batch normalisation": row(compiled(m.normalised), bits=False),
        "batch normalisation, run_eagerly": row(compiled(m.normalised, None, "mse", run_eagerly=True)),
        "batch normalisation, jit_compile": row(compiled(m.normalised, None, "mse", jit_compile=True)),
        "GAN with two optimizers": Row(m.gan, lambda: {"x": X, "batch_size": SIZE}, mean=False),
    }  # fmt: skip


class Batches(keras.utils.PyDataset):
    def __init__(self, **workers: Any):
        super().__init__(**workers)

    def __len__(self) -> int:
        return 5

    def __getitem__(self, i: int) -> Any:
        return X[i * SIZE : (i + 1) * SIZE], Y[i * SIZE : (i + 1) * SIZE]


def stream() -> Any:
    while True:
        yield from ((X[i : i + SIZE], Y[i : i + SIZE]) for i in range(0, len(X), SIZE))


def dataset(size: int = SIZE) -> Any:
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(size)


def unknown_length() -> Any:
    signature = (tf.TensorSpec((None, 4)), tf.TensorSpec((None, 1)))
    whole = tf.data.Dataset.from_generator(lambda: iter([(X, Y)]), output_signature=signature)
    return whole.unbatch().batch(SIZE)


def vectorized() -> Any:
    turn = layers.TextVectorization(output_sequence_length=6, vocabulary=["good", "bad", "film", "very"])
    texts = ["a very good film" if v else "a bad film" for v in C > 0]
    ds = tf.data.Dataset.from_tensor_slices((texts, (C > 0).astype("float32")[:, None])).batch(SIZE)
    return ds.map(lambda text, label: (turn(text), label))


def data() -> dict[str, Row]:
    build = compiled(m.sequential)
    classes = compiled(
        lambda: m.sequential(units=3, activation="softmax"), None, "sparse_categorical_crossentropy"
    )
    weight = np.linspace(0.1, 2.0, len(X)).astype("float32")
    by_class = {0: 1.0, 1: 0.3, 2: 5.0}
    each = np.array([by_class[c] for c in C], "float32")
    hand = cut(X, Y)
    frame, column = pd.DataFrame(X, columns=list("abcd")), pd.Series(Y[:, 0], name="y")
    return {
        "numpy, shuffled": Row(build, arrays(), fit={"shuffle": True}),
        "numpy float64 arrays": row(build, X.astype("float64"), Y.astype("float64")),
        "one batch of all": Row(build, lambda: {"x": X, "y": Y, "batch_size": 500}, cut(X, Y, size=500)),
        "batches of one": Row(build, lambda: {"x": X[:9], "y": Y[:9], "batch_size": 1}, cut(X[:9], Y[:9], size=1)),
        "tf.data": Row(build, lambda: {"x": dataset()}, hand),
        "tf.data, infinite": Row(build, lambda: {"x": dataset().repeat(), "steps_per_epoch": 5}, hand),
        "tf.data, unknown length": Row(build, lambda: {"x": unknown_length()}, hand),
        "tf.data, epochs that end within the data": Row(build, lambda: {"x": dataset().repeat(), "steps_per_epoch": 3}),
        "PyDataset": Row(build, lambda: {"x": Batches()}, hand),
        "PyDataset, two threads": Row(build, lambda: {"x": Batches(workers=2), "epochs": 1}),
        "generator": Row(build, lambda: {"x": stream(), "steps_per_epoch": 5}, hand),
        "sample_weight": Row(build, arrays(sample_weight=weight), cut(X, Y, weight)),
        "class_weight": Row(classes, arrays(y=C, class_weight=by_class), cut(X, C, each)),
        "pandas": Row(build, arrays(frame, column), cut(X, Y)),
        "validation data": Row(build, arrays(validation_data=(X[:20], Y[:20])), hand),
        "validation split": Row(build, arrays(validation_split=0.2), cut(X[:56], Y[:56])),
        "TextVectorization in tf.data": Row(compiled(m.embedding, None, "binary_crossentropy"), lambda: {"x": vectorized()}),
        "no targets, add_loss only": Row(
            compiled(lambda: m.sequential(layers.Dense(6), m.AddsLoss()), None, None), lambda: {"x": X, "batch_size": SIZE}, cut(X, None)
        ),
    }  # fmt: skip


def execution() -> dict[str, Row]:
    modes: dict[str, dict[str, Any]] = {
        "jit_compile=True": {"jit_compile": True},
        "jit_compile=False": {"jit_compile": False},
        'jit_compile="auto"': {"jit_compile": "auto"},
        "run_eagerly": {"run_eagerly": True},
        "steps_per_execution=4": {"steps_per_execution": 4},
        "steps_per_execution=7": {"steps_per_execution": 7},
        "steps_per_execution=4, jit_compile=True": {"steps_per_execution": 4, "jit_compile": True},
    }
    if OLD_KERAS:  # Keras 3.3 itself raises TypeError when an execution ends with the data
        modes.pop("steps_per_execution=7")
    rows = {name: row(compiled(m.sequential, None, "mse", **mode)) for name, mode in modes.items()}
    rows["auto_scale_loss=False"] = row(compiled(m.sequential, None, "mse", auto_scale_loss=False))
    if OLD_KERAS:  # Keras 3.3 itself raises TypeError in the next row, 3.15 does not
        return rows
    rows["steps_per_execution=7, tf.data of unknown length"] = Row(
        compiled(m.sequential, None, "mse", steps_per_execution=7), lambda: {"x": unknown_length()}, cut(X, Y)
    )
    return rows


def optimizers() -> dict[str, Row]:
    o = keras.optimizers
    made = {
        name: partial(getattr(o, name), 0.01)
        for name in ("SGD", "Adam", "AdamW", "RMSprop", "Adagrad", "Adadelta", "Adamax", "Nadam", "Ftrl", "Lion", "Adafactor",
                     "Lamb", "Muon")
        if hasattr(o, name)
    }  # fmt: skip
    made |= {
        "SGD, Nesterov": lambda: SGD(0.01, momentum=0.9, nesterov=True),
        "clipnorm": lambda: SGD(0.05, clipnorm=0.1),
        "clipvalue": lambda: SGD(0.05, clipvalue=0.01),
        "global_clipnorm": lambda: SGD(0.05, global_clipnorm=0.1),
        "gradient_accumulation_steps": lambda: SGD(0.05, gradient_accumulation_steps=3),
        "use_ema": lambda: SGD(0.05, use_ema=True, ema_overwrite_frequency=4),
        "weight_decay": lambda: SGD(0.05, weight_decay=0.1),
        "a schedule": lambda: o.Adam(o.schedules.ExponentialDecay(0.05, 3, 0.5)),
        "loss_scale_factor": lambda: SGD(0.05, loss_scale_factor=8.0),
    }
    return {
        f"optimizer: {name}": row(compiled(m.sequential, optimizer), rtol=5e-5)
        for name, optimizer in made.items()
    }


def kinds() -> dict[str, Row]:
    rng = np.random.default_rng(1)
    series = rng.normal(size=(40, 5, 3)).astype("float32")
    images, ids = rng.normal(size=(40, 8, 8, 1)).astype("float32"), rng.integers(0, 20, (40, 6))
    y, c = series[:, :1, 0], (C[:40])
    crossentropy = "sparse_categorical_crossentropy"
    return {
        "LSTM": row(compiled(m.recurrent), series, y),
        "masked bidirectional GRU": row(compiled(m.bidirectional), series, y),
        "convolutional": row(compiled(m.convolutional, None, crossentropy), images, c, bits=False),
        # XLA draws other random numbers for Dropout than the loop by hand: Keras's logs are the reference.
        "convolutional, jit_compile": Row(compiled(m.convolutional, None, crossentropy, jit_compile=True), arrays(images, c)),
        "attention": row(compiled(m.attention), ids, y),
        "embedding (sparse gradients)": row(compiled(m.embedding, None, "binary_crossentropy"), ids, (y > 0).astype("float32")),
        "embedding, Adam, jit_compile": row(
            compiled(m.embedding, lambda: keras.optimizers.Adam(0.01), "binary_crossentropy", jit_compile=True),
            ids, (y > 0).astype("float32"), rtol=1e-4,
        ),
    }  # fmt: skip


ROWS = functional_api() | data() | execution() | optimizers() | kinds()
