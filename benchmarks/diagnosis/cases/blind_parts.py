"""Data and nets of the blind cases, as people who post on forums make them: seed -> arguments of `fit`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np

from benchmarks.diagnosis import tables
from benchmarks.diagnosis.kit import last, sequential
from benchmarks.diagnosis.lazy import layers
from benchmarks.diagnosis.tables import Fit, split, standard

ACCURATE = last("val_accuracy", above=0.85)


def xor(seed: int) -> Fit:
    """The four rows of the truth table: x [4, 2], y [4, 1]."""
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], "float32")
    return {"x": x, "y": np.array([[0], [1], [1], [0]], "float32")}


def rings(seed: int) -> Fit:
    """A small circle in a large one: x [n, 2], y 0/1 [n]."""
    from sklearn.datasets import make_circles

    x, y = make_circles(700, noise=0.08, factor=0.45, random_state=seed)
    return split(x.astype("float32"), y.astype("float32"), seed)


def suburbs(seed: int, rows: int = 506) -> Fit:
    """Boston-like: thirteen columns of mixed scale, price in thousands, 5 to 50: y [n, 1]."""
    rng = np.random.default_rng(100 + seed)
    z = rng.normal(size=(rows, 13))
    scale = np.array([8.6, 23, 6.9, 0.25, 0.12, 0.7, 28, 2.1, 8.7, 168, 2.2, 91, 7.1])
    price = 22 + 5 * z[:, 5] - 4 * z[:, 12] + 2 * z[:, 1] * (z[:, 3] > 0) + rng.normal(size=rows)
    x = z * scale + 3 * scale
    return split(x.astype("float32"), np.clip(price, 5, 50)[:, None].astype("float32"), seed)


def suburbs_scaled(seed: int, *, targets: bool = False) -> Fit:
    """The same with standardised columns (and prices, if asked)."""
    return standard(suburbs(seed), targets=targets)


def grey(seed: int, *, scale: float = 255.0) -> Fit:
    """Digits blown up to 16 x 16 pixels of 0..255 / scale, flat: x [n, 256], y integers [n]."""
    fit = tables.digits(seed, image=True, rows=1200)
    big = partial(_grow, scale=scale)
    xv, yv = fit["validation_data"]
    return {"x": big(fit["x"]), "y": fit["y"], "validation_data": (big(xv), yv)}


def _grow(x: Any, scale: float) -> Any:
    return (np.kron(x[..., 0], np.ones((1, 2, 2), "float32")) * 255 / scale).reshape(len(x), 256)


def airline(seed: int, *, top: float = 1.0, window: int = 12) -> Fit:
    """Passengers a month with trend and season, 100 to 600 over `top`; windows of a year, next month."""
    rng = np.random.default_rng(seed)
    t = np.arange(288)
    series = (110 + 1.2 * t) * (1 + 0.18 * np.sin(2 * np.pi * t / 12)) + 6 * rng.normal(size=288)
    rows = np.lib.stride_tricks.sliding_window_view(series / top, window + 1).astype("float32")
    return split(rows[:, :-1, None], rows[:, -1:], seed)


def load_curve(seed: int, *, scale: float = 1.0) -> Fit:
    """Megawatt hours of a power grid, about 30000 +- 7000, over `scale`; lags of a day, next hour."""
    rng = np.random.default_rng(seed)
    t = np.arange(900)
    mwh = 4000 * np.sin(2 * np.pi * t / 24) + 2500 * np.sin(2 * np.pi * t / 168) + 300 * rng.normal(size=900)
    mwh = mwh + 30000 if scale == 1.0 else mwh / scale
    rows = np.lib.stride_tricks.sliding_window_view(mwh, 25).astype("float32")
    return split(rows[:, :24], rows[:, 24:], seed)


def news(seed: int, *, topics: int = 5, rows: int = 1000) -> Fit:
    """Word numbers of short notes, a vocabulary of 600 with twelve words a topic: x [n, 25], y [n]."""
    rng = np.random.default_rng(seed)
    y = rng.integers(0, topics, rows)
    x = rng.integers(100, 600, size=(rows, 25))
    own = rng.integers(0, 12, size=(rows, 25)) + 12 * y[:, None] + 1
    x = np.where(rng.random((rows, 25)) < 0.25, own, x)
    return split(x.astype("int32"), y, seed)


def churn(seed: int, *, rows: int = 1000, features: int = 10) -> Fit:
    """A made two-class table with interactions: x [n, features] about unit scale, y 0/1 [n]."""
    from sklearn.datasets import make_classification

    x, y = make_classification(
        rows, features, n_informative=5, n_redundant=2, class_sep=1.6, flip_y=0.0, random_state=seed + 3
    )
    x = (x - x.mean(0)) / x.std(0)
    return split(x.astype("float32"), y.astype("float32"), seed)


def friedman(seed: int, *, rows: int = 800) -> Fit:
    """Friedman's first problem: x [n, 10] in 0..1, y [n, 1] standardised."""
    from sklearn.datasets import make_friedman1

    x, y = make_friedman1(rows, noise=0.5, random_state=seed)
    return split(x.astype("float32"), ((y - y.mean()) / y.std())[:, None].astype("float32"), seed)


def cancer(seed: int) -> Fit:
    """The tumours, standardised."""
    return standard(tables.cancer(seed))


def altered(data: Callable[[int], Fit], how: Callable[[Fit, Any], Fit]) -> Callable[[int], Fit]:
    """Returns `data` with its dict handed through `how` together with a random generator."""
    return lambda seed: how(dict(data(seed)), np.random.default_rng(500 + seed))


def mlp(
    features: int,
    out: Any,
    widths: Sequence[int] = (32, 16),
    act: Any = "relu",
    **compiled: Any,
) -> Callable[[int], Any]:
    """Returns seed -> Dense layers of `widths`, then Dense(*out) where out is (units, activation)."""

    def net(seed: int) -> Any:
        stack = [layers.Dense(w, activation=act) for w in widths]
        chosen = dict(compiled)
        if callable(chosen.get("optimizer")):
            chosen["optimizer"] = chosen["optimizer"]()
        return sequential((features,), *stack, layers.Dense(out[0], activation=out[1]), **chosen)

    return net


def net(shape: Sequence[int | None], stack: Callable[[], list[Any]], **compiled: Any) -> Callable[[int], Any]:
    """Returns seed -> a compiled Sequential of the layers that `stack()` makes."""

    def made(seed: int) -> Any:
        chosen = dict(compiled)
        if callable(chosen.get("optimizer")):
            chosen["optimizer"] = chosen["optimizer"]()
        return sequential(shape, *stack(), **chosen)

    return made
