"""Predicted limits of stability against the rates at which training really leaves its start.

    python benchmarks/stability.py [--only SUBSTRING]

For each model the limit is predicted from the curvature at the initial weights, and corrected by very short
runs around it (lossdoctor.experiments.stability, boundary). The true one is then measured by halving a bracket of learning rates: full-batch steps from the same weights. A rate is
unstable when within STEPS steps the loss is not finite, comes to lie above UP times its start (without
momentum), or ends above its start. Prints a line a model and how many agree within a factor of two: by the
curvature alone, and as corrected.
"""

from __future__ import annotations

import argparse
import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import keras
import numpy as np
from keras import layers

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.stability import stability
from lossdoctor.experiments.subject import Subject
from lossdoctor.experiments.workbench import Workbench
from lossdoctor.record import Record
from lossdoctor.remedies import Action

ROWS, STEPS, UP = 128, 60, 1.05
HALVINGS = 8  # of a bracket of a million in the logarithm: the rate is known to 3 %
SGD = keras.optimizers.SGD


@dataclass(frozen=True)
class Case:
    """A model and data: `make(rng)` returns (model, inputs, targets)."""

    name: str
    make: Callable[[np.random.Generator], tuple[Any, np.ndarray, np.ndarray]]


def net(shape: tuple[int, ...], hidden: list[Any], units: int, out: str, loss: str, optimizer: Any) -> Any:
    model = keras.Sequential([keras.Input(shape), *hidden, layers.Dense(units, activation=out)])
    model.compile(optimizer, loss)
    return model


def dense(*widths: int, activation: str = "relu") -> list[Any]:
    return [layers.Dense(w, activation=activation) for w in widths]


def table(
    optimizer: Callable[[], Any],
    hidden: Callable[[], list[Any]] = list,
    *,
    features: int = 10,
    scale: float = 1.0,
    target: float = 1.0,
    classes: int = 0,
    loss: str | None = None,
) -> Any:
    """Returns a maker of a net on a table: regression, or `classes` classes."""

    def make(rng: np.random.Generator) -> tuple[Any, np.ndarray, np.ndarray]:
        x = scale * rng.normal(size=(ROWS, features))
        z = x / scale @ rng.normal(size=(features, max(classes, 1)))
        y = z.argmax(1) if classes > 1 else (z > 0).astype(float) if classes == 1 else target * z
        kind = loss or (
            "sparse_categorical_crossentropy" if classes > 1 else "binary_crossentropy" if classes else "mse"
        )
        last = "softmax" if classes > 1 else "sigmoid" if classes else "linear"
        return (
            net((features,), hidden(), max(classes, 1), last, kind, optimizer()),
            x.astype("float32"),
            y.astype("float32"),
        )

    return make


def pictures(optimizer: Callable[[], Any], *, normalized: bool = False) -> Any:
    def make(rng: np.random.Generator) -> tuple[Any, np.ndarray, np.ndarray]:
        y = rng.integers(0, 4, ROWS)
        x = rng.normal(0.3, 0.2, size=(ROWS, 8, 8, 1))
        for i, k in enumerate(y):
            x[i, 2 * k : 2 * k + 2] += 0.6
        middle = [layers.BatchNormalization()] if normalized else []
        hidden = [layers.Conv2D(8, 3), *middle, layers.ReLU(), layers.MaxPooling2D(2), layers.Flatten()]
        return (
            net((8, 8, 1), hidden, 4, "softmax", "sparse_categorical_crossentropy", optimizer()),
            x.astype("float32"),
            y,
        )

    return make


def series(optimizer: Callable[[], Any]) -> Any:
    def make(rng: np.random.Generator) -> tuple[Any, np.ndarray, np.ndarray]:
        x = rng.normal(size=(ROWS, 12, 2)).astype("float32")
        return (
            net((12, 2), [layers.SimpleRNN(8)], 1, "linear", "mse", optimizer()),
            x,
            x.sum((1, 2))[:, None] / 3,
        )

    return make


def words(optimizer: Callable[[], Any]) -> Any:
    def make(rng: np.random.Generator) -> tuple[Any, np.ndarray, np.ndarray]:
        x = rng.integers(0, 30, size=(ROWS, 6))
        hidden = [
            layers.Embedding(30, 8),
            layers.GlobalAveragePooling1D(),
            layers.Dense(16, activation="relu"),
        ]
        return (
            net((6,), hidden, 1, "sigmoid", "binary_crossentropy", optimizer()),
            x,
            (x[:, 0] > 14).astype("float32"),
        )

    return make


plain, heavy = (lambda: SGD(0.01)), (lambda: SGD(0.01, momentum=0.9))
nesterov = lambda: SGD(0.01, momentum=0.9, nesterov=True)  # noqa: E731
adam, rmsprop = (lambda: keras.optimizers.Adam(0.001)), (lambda: keras.optimizers.RMSprop(0.001))
CASES = (
    Case("linear, SGD", table(plain)),
    Case("linear, momentum", table(heavy)),
    Case("linear, Nesterov", table(nesterov)),
    Case("linear, inputs x 100", table(plain, scale=100.0)),
    Case("linear, targets x 1000", table(plain, target=1000.0)),
    Case("linear, 200 features", table(plain, features=200)),
    Case("logistic, SGD", table(plain, classes=1)),
    Case("softmax, 5 classes, momentum", table(heavy, classes=5)),
    Case("relu 16, SGD", table(plain, lambda: dense(16))),
    Case("relu 64-64, SGD", table(plain, lambda: dense(64, 64))),
    Case("relu 64-64, momentum", table(heavy, lambda: dense(64, 64))),
    Case("relu 64-64, Nesterov", table(nesterov, lambda: dense(64, 64))),
    Case("tanh 32, SGD", table(plain, lambda: dense(32, activation="tanh"))),
    Case("tanh 32-32, momentum", table(heavy, lambda: dense(32, 32, activation="tanh"))),
    Case("relu 32, inputs x 30", table(plain, lambda: dense(32), scale=30.0)),
    Case("relu 32, targets x 30", table(plain, lambda: dense(32), target=30.0)),
    Case("tanh 32, targets x 1000", table(plain, lambda: dense(32, activation="tanh"), target=1000.0)),
    Case("relu 32-32, targets x 1000", table(plain, lambda: dense(32, 32), target=1000.0)),
    Case("relu 32, 5 classes, SGD", table(plain, lambda: dense(32), classes=5)),
    Case("relu 64-64, 5 classes, momentum", table(heavy, lambda: dense(64, 64), classes=5)),
    Case("relu 32, 5 classes, inputs x 50", table(plain, lambda: dense(32), classes=5, scale=50.0)),
    Case("relu 32, binary, inputs x 20", table(plain, lambda: dense(32), classes=1, scale=20.0)),
    Case("elu 24-24-24, SGD", table(plain, lambda: dense(24, 24, 24, activation="elu"))),
    Case("log-cosh, relu 32", table(plain, lambda: dense(32), loss="log_cosh")),
    Case("pictures, SGD", pictures(plain)),
    Case("pictures, momentum", pictures(heavy)),
    Case("pictures, batch normalisation", pictures(plain, normalized=True)),
    Case("series, SimpleRNN", series(plain)),
    Case("words, Embedding", words(plain)),
    Case("linear, RMSprop", table(rmsprop)),
    Case("relu 32, RMSprop", table(rmsprop, lambda: dense(32))),
    Case("linear, Adam", table(adam)),
    Case("relu 32, Adam", table(adam, lambda: dense(32))),
)


def leaves(bench: Workbench, rows: Sample, rate: float, start: float, inert: bool) -> bool:
    """Returns whether training leaves its start upwards at this rate.

    With momentum (`inert`) a loss may rise on its way although the rate is stable; there the end decides.
    """
    variant = bench.variant((Action("learning_rate", {"value": rate}),))
    variant.load(rows)
    whole, losses = np.arange(rows.rows)[None], []
    for _ in range(STEPS):
        variant.train(whole)
        losses.append(variant.evaluate(rows)[0])
        if not math.isfinite(losses[-1]) or (not inert and losses[-1] > UP * start):
            return True
    return bool(np.mean(losses[-10:]) > start)


def bisected(bench: Workbench, rows: Sample, around: float) -> float:
    """Returns the lowest unstable rate between a hundredth of `around` and ten thousand times it."""
    start = bench.variant(()).evaluate(rows)[0]
    config = bench.variant(()).plan.settings.config
    inert = bool(config.get("momentum") or config.get("beta_1"))
    low, high = around / 100, around * 1e4
    for _ in range(HALVINGS):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if leaves(bench, rows, middle, start, inert) else (middle, high)
    return math.sqrt(low * high)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--only", default="", help="run the models whose name holds this")
    asked = parser.parse_args()
    within: list[tuple[bool, bool]] = []
    titles = f"{'curvature':>10s} {'corrected':>10s} {'true':>10s} {'ratios':>12s} {'seconds':>8s}"
    print(f"{'model':34s} {titles}  form")
    for case in (c for c in CASES if asked.only in c.name):
        keras.utils.set_random_seed(0)
        model, x, y = case.make(np.random.default_rng(0))
        rows = Sample(x, y)
        weights = model.get_weights()
        watch = time.perf_counter()
        found = stability(Subject(model, rows, weights, weights, batch_size=ROWS), Record(), Clock(60.0))
        spent = time.perf_counter() - watch
        assert found is not None
        real = bisected(Workbench(model, weights, rows), rows, found["predicted"])
        ratios = found["predicted"] / real, found["limit"] / real
        within.append((0.5 <= ratios[0] <= 2.0, 0.5 <= ratios[1] <= 2.0))
        rates = f"{found['predicted']:10.3g} {found['limit']:10.3g} {real:10.3g}"
        print(
            f"{case.name:34s} {rates} {ratios[0]:6.2f}{ratios[1]:6.2f} {spent:8.2f}  {found['form']}",
            flush=True,
        )
    alone, corrected = (sum(column) for column in zip(*within, strict=True))
    print(
        f"of {len(within)} within a factor of two: {alone} by the curvature alone, {corrected} as corrected"
    )


if __name__ == "__main__":
    main()
