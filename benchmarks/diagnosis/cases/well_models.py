"""Healthy controls: several inputs and outputs, models trained before, steps of their own."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.well_modern_parts import (
    ACCURATE,
    BINARY,
    FIT,
    GOOD_FIT,
    LONG,
    SPARSE,
    compiled,
    number_net,
)
from benchmarks.diagnosis.kit import control, last, sequential
from benchmarks.diagnosis.lazy import keras, layers, ops, optimizers, tf
from benchmarks.diagnosis.tables import Fit


def _own_step(seed: int) -> Any:
    """A train_step of one's own with a GradientTape and two metrics."""

    class Own(keras.Model):
        def train_step(self, data: Any) -> Any:
            x, y = data
            with tf.GradientTape() as tape:
                loss = ops.mean(ops.square(y - self(x, training=True)))
            self.optimizer.apply_gradients(
                zip(tape.gradient(loss, self.trainable_variables), self.trainable_variables, strict=True)
            )
            return {"loss": loss}

        def test_step(self, data: Any) -> Any:
            x, y = data
            return {"loss": ops.mean(ops.square(y - self(x, training=False)))}

    entry = keras.Input((6,))
    h = layers.Dense(32, activation="relu")(layers.Dense(32, activation="relu")(entry))
    model = Own(entry, layers.Dense(1)(h))
    model.compile(optimizer=optimizers.Adam(0.005))
    return model


def _subclassed(seed: int) -> Any:
    class Net(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.first, self.last = layers.Dense(48, activation="relu"), layers.Dense(10)

        def call(self, x: Any) -> Any:
            return self.last(self.first(x))

    model = Net()
    model.compile("adam", keras.losses.SparseCategoricalCrossentropy(from_logits=True), metrics=["accuracy"])
    return model


def _two_heads(seed: int) -> Fit:
    """Which digit, and how much ink."""
    fit = tables.digits(seed)

    def ink(x: Any) -> Any:
        return x.mean(1, keepdims=True)

    xv, yv = fit["validation_data"]
    return {
        "x": fit["x"],
        "y": {"digit": fit["y"], "ink": ink(fit["x"])},
        "validation_data": (xv, {"digit": yv, "ink": ink(xv)}),
    }


def _two_head_net(seed: int) -> Any:
    entry = keras.Input((64,))
    h = layers.Dense(64, activation="relu")(entry)
    outs = {
        "digit": layers.Dense(10, activation="softmax", name="digit")(h),
        "ink": layers.Dense(1, name="ink")(h),
    }
    return compiled(
        entry,
        outs,
        "adam",
        loss={"digit": "sparse_categorical_crossentropy", "ink": "mse"},
        metrics={"digit": "accuracy"},
    )


def _two_sources(seed: int) -> Fit:
    """Numbers and a category, as two inputs."""
    rng = np.random.default_rng(seed)
    x, kind = rng.normal(size=(900, 4)).astype("float32"), rng.integers(0, 12, size=(900, 1))
    y = (np.sin(kind) + x[:, :1] * 0.5).astype("float32")
    return {
        "x": {"numbers": x[:640], "kind": kind[:640]},
        "y": y[:640],
        "validation_data": ({"numbers": x[640:], "kind": kind[640:]}, y[640:]),
    }


def _two_source_net(seed: int) -> Any:
    numbers, kind = keras.Input((4,), name="numbers"), keras.Input((1,), name="kind", dtype="int32")
    h = layers.Concatenate()([numbers, layers.Flatten()(layers.Embedding(12, 4)(kind))])
    out = layers.Dense(1)(layers.Dense(32, activation="relu")(h))
    return compiled({"numbers": numbers, "kind": kind}, out, optimizers.Adam(0.01), loss="mse")


def _fine_tuned(seed: int) -> Any:
    """A base that learned six other digits, frozen on purpose, and a new head."""
    fit = tables.digits(seed + 50)
    base = keras.Sequential(
        [keras.Input((64,)), layers.Dense(64, activation="relu"), layers.Dense(32, activation="relu")]
    )
    before = sequential((64,), base, layers.Dense(10, activation="softmax"), optimizer="adam", **SPARSE)
    before.fit(fit["x"], fit["y"], epochs=8, batch_size=32, verbose=0)
    base.trainable = False
    return sequential(
        (64,), base, layers.Dense(10, activation="softmax"), optimizer=optimizers.Adam(0.01), **SPARSE
    )


def _carried_on(seed: int) -> Any:
    """A model that had its training before: the loss starts where it ends."""
    fit = problems.friction(seed)
    model = number_net(seed, loss="mse")
    model.fit(fit["x"], fit["y"], epochs=40, batch_size=32, verbose=0)
    model.compile(optimizer=optimizers.Adam(3e-4), loss="mse", metrics=["mae"])
    return model


def _mixed(seed: int) -> Any:
    keras.config.set_dtype_policy("mixed_float16")
    stack = [
        layers.Dense(48, activation="relu"),
        layers.Dense(10),
        layers.Activation("softmax", dtype="float32"),
    ]
    model = sequential((64,), *stack, optimizer=optimizers.Adam(0.003), **SPARSE)
    keras.config.set_dtype_policy("float32")
    return model


def _few_to_judge(seed: int) -> Fit:
    """Twenty rows of validation: its curve bounces."""
    fit = tables.standard(tables.cancer(seed))
    xv, yv = fit["validation_data"]
    return {**fit, "validation_data": (xv[:20], yv[:20])}


def _judge_net(seed: int) -> Any:
    stack = [layers.Dense(12, activation="relu"), layers.Dropout(0.3), layers.Dense(1, activation="sigmoid")]
    return sequential((30,), *stack, optimizer=optimizers.Adam(0.003), **BINARY)


CASES = (
    control(
        "well-own-train-step", "A train_step of one's own.", GOOD_FIT, problems.friction, _own_step, LONG
    ),
    control(
        "well-subclassed",
        "A subclassed model that is built by its first batch, with logits.",
        ACCURATE,
        tables.digits,
        _subclassed,
        FIT,
    ),
    control(
        "well-two-outputs",
        "A class and a number at once.",
        last("val_digit_accuracy", above=0.88),
        _two_heads,
        _two_head_net,
        FIT,
    ),
    control(
        "well-two-inputs",
        "Numbers and a category as two inputs in a dict.",
        last("val_loss", below=0.05),
        _two_sources,
        _two_source_net,
        LONG,
    ),
    control(
        "well-frozen-base",
        "Fine-tuning: most weights are frozen, on purpose.",
        ACCURATE,
        tables.digits,
        _fine_tuned,
        FIT,
    ),
    control(
        "well-carried-on",
        "Carried on from a trained model: the loss starts at its floor.",
        GOOD_FIT,
        problems.friction,
        _carried_on,
        {"epochs": 8, "batch_size": 32},
    ),
    control(
        "well-mixed-precision", "mixed_float16 with its loss scaling.", ACCURATE, tables.digits, _mixed, FIT
    ),
    control(
        "well-bouncing-validation",
        "Twenty rows of validation.",
        last("val_loss", below=0.6),
        _few_to_judge,
        _judge_net,
        LONG,
    ),
    control(
        "well-fit-twice",
        "fit is called twice on the same model.",
        ACCURATE,
        tables.digits,
        _subclassed,
        {"epochs": 8, "batch_size": 32},
        calls=2,
    ),
)
