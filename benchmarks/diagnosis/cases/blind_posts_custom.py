"""Blind cases in the manner of forum posts: losses that people write themselves, and two heads."""

from __future__ import annotations

from typing import Any

from benchmarks.diagnosis import problems
from benchmarks.diagnosis.cases.blind_parts import friedman, mlp
from benchmarks.diagnosis.cases.blind_posts_parts import E30, E40, FOUND
from benchmarks.diagnosis.cases.blind_settings import adam
from benchmarks.diagnosis.kit import every, last, pair
from benchmarks.diagnosis.lazy import keras, layers, ops
from benchmarks.diagnosis.tables import Fit


def _filled(seed: int) -> Fit:
    """Friedman's law, and in percent how full a tank is: y [n, 1] and percent [n, 1]."""
    fit = friedman(seed)
    full = lambda x: 100 * (0.3 * x[:, :1] + 0.7 * x[:, 3:4])  # noqa: E731
    xv, yv = fit["validation_data"]
    y = {"law": fit["y"], "percent": full(fit["x"])}
    return {"x": fit["x"], "y": y, "validation_data": (xv, {"law": yv, "percent": full(xv)})}


def _heads(act: Any, factor: float) -> Any:
    def made(seed: int) -> Any:
        x = keras.Input((10,))
        h = layers.Dense(48, activation="relu")(x)
        percent = layers.Rescaling(factor, name="percent")(layers.Dense(1, activation=act)(h))
        model = keras.Model(x, {"law": layers.Dense(1, name="law")(h), "percent": percent})
        model.compile(optimizer=adam(0.005)(), loss={"law": "mse", "percent": "mae"})
        return model

    return made


def _likelihood(spread: Any) -> Any:
    def loss(y: Any, out: Any) -> Any:
        mean, sigma = out[:, :1], spread(out[:, 1:])
        return ops.mean(ops.log(sigma) + 0.5 * ops.square((y - mean) / sigma))

    return loss


def _reward(y: Any, out: Any) -> Any:
    """The more the output has the sign of the label, the better; without an end."""
    return -ops.mean((2.0 * ops.reshape(y, (-1, 1)) - 1.0) * out)


def _bounded(y: Any, out: Any) -> Any:
    return ops.mean(ops.softplus(-(2.0 * ops.reshape(y, (-1, 1)) - 1.0) * out))


CASES = (
    pair(
        "blind-post-percent-sigmoid",
        "Two outputs; the one in percent has a sigmoid, so its mae stays near 50.",
        "loss-activation-mismatch unscaled-targets",
        last("val_loss", below=8.0),
        _filled,
        (_heads("sigmoid", 1.0), _heads("sigmoid", 100.0)),
        E40,
    ),
    pair(
        "blind-post-sigma-linear",
        "A Gaussian likelihood with the standard deviation from a linear unit: NaN in epoch 1.",
        "numerical-instability loss-activation-mismatch unbounded-loss non-finite-data",
        last("val_loss", below=0.4),
        friedman,
        tuple(
            mlp(10, (2, None), (48, 24), loss=_likelihood(f), optimizer=adam(0.003))
            for f in (lambda s: s, lambda s: ops.softplus(s) + 0.05)
        ),
        E30,
    ),
    pair(
        "blind-post-reward-loss",
        "A custom score to be maximised; the loss goes to minus millions.",
        "unbounded-loss",
        every(last("loss", below=0.5, above=-1.0), FOUND),
        problems.moons,
        tuple(
            mlp(2, (1, None), (24, 24), loss=f, metrics=["accuracy"], optimizer=adam(0.01))
            for f in (_reward, _bounded)
        ),
        E30,
    ),
)
