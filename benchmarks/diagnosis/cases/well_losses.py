"""Healthy controls: losses of one's own."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import problems, tables
from benchmarks.diagnosis.cases.well_modern_parts import (
    FIT,
    LONG,
    compiled,
    number_net,
)
from benchmarks.diagnosis.kit import control, last, sequential
from benchmarks.diagnosis.lazy import keras, layers, ops, optimizers
from benchmarks.diagnosis.tables import Fit


def _prices(seed: int) -> Fit:
    """Prices of 1e5 as they are; the net puts its output back on that scale."""
    fit = problems.flats(seed)
    return tables.standard(fit) | {
        "y": fit["y"],
        "validation_data": (tables.standard(fit)["validation_data"][0], fit["validation_data"][1]),
    }


def _price_net(seed: int) -> Any:
    y = problems.flats(seed)["y"]
    stack = [
        layers.Dense(24, activation="relu"),
        layers.Dense(1),
        layers.Rescaling(float(y.std()), float(y.mean())),
    ]
    return sequential((5,), *stack, optimizer=optimizers.Adam(0.01), loss="mse")


def _vae(seed: int) -> Any:
    """The KL term rises from nought while the picture's error falls."""

    class Sampling(layers.Layer):
        def call(self, parts: Any) -> Any:
            mean, spread = parts
            self.add_loss(
                0.02 * ops.mean(ops.sum(0.5 * (ops.square(mean) + ops.exp(spread) - spread - 1.0), axis=-1))
            )
            return mean + ops.exp(0.5 * spread) * keras.random.normal(ops.shape(mean), seed=seed)

    entry = keras.Input((64,))
    h = layers.Dense(48, activation="relu")(entry)
    code = Sampling()([layers.Dense(6)(h), layers.Dense(6)(h)])
    out = layers.Dense(64, activation="sigmoid")(layers.Dense(48, activation="relu")(code))
    return compiled(entry, out, optimizers.Adam(0.003), loss="binary_crossentropy", metrics=["mae"])


def _self(seed: int) -> Fit:
    fit = tables.digits(seed)
    xv, _ = fit["validation_data"]
    return {"x": fit["x"], "y": fit["x"], "validation_data": (xv, xv)}


def _conv_auto(seed: int) -> Any:
    stack = [
        layers.Reshape((8, 8, 1)),
        layers.Conv2D(12, 3, strides=2, padding="same", activation="relu"),
        layers.Flatten(),
        layers.Dense(16),
        layers.Dense(192, activation="relu"),
        layers.Reshape((4, 4, 12)),
        layers.Conv2DTranspose(1, 3, strides=2, padding="same", activation="sigmoid"),
        layers.Flatten(),
    ]
    return sequential((64,), *stack, optimizer=optimizers.Adam(0.005), loss="mse")


def _likelihood(y: Any, p: Any) -> Any:
    """A Laplace likelihood, whose best value is far below nought."""
    width = ops.exp(ops.clip(p[:, 1:], -6.0, 3.0))
    return ops.mean(ops.abs(y - p[:, :1]) / width + ops.log(2.0 * width), axis=-1)


def _small_targets(seed: int) -> Fit:
    return problems.change(problems.friction(seed, noise=0.02), y=lambda y: (0.05 * y).astype("float32"))


def _two_numbers(seed: int) -> Any:
    stack = [layers.Dense(32, activation="tanh"), layers.Dense(32, activation="tanh"), layers.Dense(2)]
    return sequential((6,), *stack, optimizer=optimizers.Adam(0.005), loss=_likelihood)


def _pinball(y: Any, p: Any) -> Any:
    """The 0.9 quantile's loss."""
    return ops.mean(ops.maximum(0.9 * (y - p), -0.1 * (y - p)), axis=-1)


def _heavy_tails(seed: int) -> Fit:
    """Three percent of the targets are off by ten; Huber takes it."""
    fit = problems.friction(seed)
    rng = np.random.default_rng(seed)
    y = fit["y"] + 10.0 * (rng.random(fit["y"].shape) < 0.03)
    return {**fit, "y": y.astype("float32")}


def _siamese(seed: int) -> Fit:
    """Pairs of digits and whether they are the same."""
    fit = tables.digits(seed)

    def paired(x: Any, y: Any, n: int) -> Any:
        rng = np.random.default_rng(seed)
        a, b = rng.integers(0, len(x), n), rng.integers(0, len(x), n)
        same = rng.random(n) < 0.5
        b[same] = [rng.choice(np.flatnonzero(y == y[i])) for i in a[same]]
        return [x[a], x[b]], (y[a] == y[b]).astype("float32")[:, None]

    x, y = paired(fit["x"], fit["y"], 1500)
    return {"x": x, "y": y, "validation_data": paired(*fit["validation_data"], 400)}


def _contrastive(y: Any, distance: Any) -> Any:
    near = y * ops.square(distance)
    return ops.mean(near + (1 - y) * ops.square(ops.maximum(1.0 - distance, 0.0)), axis=-1)


def _siamese_net(seed: int) -> Any:
    tower = keras.Sequential([keras.Input((64,)), layers.Dense(48, activation="relu"), layers.Dense(8)])
    a, b = keras.Input((64,)), keras.Input((64,))
    gap = layers.Lambda(
        lambda t: ops.sqrt(ops.sum(ops.square(t[0] - t[1]), -1, keepdims=True) + 1e-7), output_shape=(1,)
    )
    return compiled([a, b], gap([tower(a), tower(b)]), optimizers.Adam(0.003), loss=_contrastive)


def _tag_net(seed: int) -> Any:
    stack = [layers.Dense(48, activation="relu"), layers.Dense(6, activation="sigmoid")]
    return sequential(
        (12,),
        *stack,
        optimizer=optimizers.Adam(0.005),
        loss="binary_focal_crossentropy",
        metrics=["binary_accuracy"],
    )


CASES = (
    control(
        "well-prices-rescaled",
        "Prices of 1e5: the loss is 1e9 and all is well.",
        last("val_loss", below=1.5e9),
        _prices,
        _price_net,
        LONG,
    ),
    control(
        "well-vae",
        "A variational autoencoder whose KL term rises at first.",
        last("val_mae", below=0.19),
        _self,
        _vae,
        LONG,
    ),
    control(
        "well-conv-autoencoder",
        "A convolutional autoencoder.",
        last("val_loss", below=0.04),
        _self,
        _conv_auto,
        FIT,
    ),
    control(
        "well-below-zero",
        "A likelihood that is rightly far below nought.",
        last("val_loss", below=-1.5),
        _small_targets,
        _two_numbers,
        LONG,
    ),
    control(
        "well-quantile",
        "The pinball loss of the ninth decile.",
        last("val_loss", below=0.12),
        problems.friction,
        partial(number_net, loss=_pinball),
        LONG,
    ),
    control(
        "well-huber-outliers",
        "Three percent of wild targets, and Huber.",
        last("val_loss", below=0.12),
        _heavy_tails,
        partial(number_net, loss="huber"),
        LONG,
    ),
    control(
        "well-poisson-counts",
        "Counts with the Poisson loss, which is below nought.",
        last("val_mae", below=2.2),
        problems.counts,
        partial(number_net, loss="poisson", out="exponential", features=5, rate=0.003),
        LONG,
    ),
    control(
        "well-contrastive",
        "Pairs of digits and a contrastive loss on their distance.",
        last("val_loss", below=0.1),
        _siamese,
        _siamese_net,
        FIT,
    ),
    control(
        "well-focal-tags",
        "Binary focal loss over six tags.",
        last("val_binary_accuracy", above=0.88),
        problems.tags,
        _tag_net,
        LONG,
    ),
)
