"""Generated problems, small and solvable: seed -> dict(x, y, validation_data)."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.diagnosis.tables import Fit, split


def _rng(seed: int) -> np.random.Generator:
    return np.random.default_rng(7919 + seed)


def moons(seed: int, rows: int = 800, noise: float = 0.15) -> Fit:
    """Two interleaved half moons: x [n, 2], y 0/1 as float [n]."""
    rng = _rng(seed)
    y = np.arange(rows) % 2
    angle = np.pi * rng.random(rows)
    x = np.stack([np.cos(angle), np.sin(angle)], 1)
    x[y == 1] = [1.0, 0.5] - x[y == 1]
    return split((x + noise * rng.normal(size=x.shape)).astype("float32"), y.astype("float32"), seed)


def spiral(seed: int, rows: int = 900, arms: int = 3, turns: float = 0.75) -> Fit:
    """Arms of a spiral in the plane: x [n, 2] within about +-1, y integers [n]."""
    rng = _rng(seed)
    y = np.arange(rows) % arms
    r = np.sqrt(rng.random(rows))
    angle = 2 * np.pi * (turns * r + y / arms)
    x = r[:, None] * np.stack([np.cos(angle), np.sin(angle)], 1) + 0.02 * rng.normal(size=(rows, 2))
    return split(x.astype("float32"), y, seed)


def board(seed: int, rows: int = 1200) -> Fit:
    """The sign of a product (exclusive or, filled in): x [n, 2] in [-1, 1], y 0/1 as float [n, 1]."""
    x = _rng(seed).uniform(-1, 1, size=(rows, 2)).astype("float32")
    return split(x, (x[:, :1] * x[:, 1:] > 0).astype("float32"), seed)


def blobs(seed: int, rows: int = 900, classes: int = 4, features: int = 6, spread: float = 0.6) -> Fit:
    """Round clusters around random centres: x [n, features] of about unit scale, y integers [n]."""
    rng = _rng(seed)
    centres = np.random.default_rng(31).normal(size=(classes, features))
    y = np.arange(rows) % classes
    return split((centres[y] + spread * rng.normal(size=(rows, features))).astype("float32"), y, seed)


def friction(seed: int, rows: int = 900, features: int = 6, noise: float = 0.05) -> Fit:
    """A bent law of three of the columns: x [n, features] ~ N(0, 1), y [n, 1] with unit variance."""
    rng = _rng(seed)
    x = rng.normal(size=(rows, features)).astype("float32")
    y = np.sin(1.5 * x[:, 0]) + 0.5 * x[:, 1] * np.abs(x[:, 2]) + noise * rng.normal(size=rows)
    y = (y - y.mean()) / y.std()
    return split(x, y[:, None].astype("float32"), seed)


def line(seed: int, rows: int = 700, features: int = 8, noise: float = 0.1) -> Fit:
    """A linear law: x [n, features] ~ N(0, 1), y [n, 1]."""
    rng = _rng(seed)
    x = rng.normal(size=(rows, features)).astype("float32")
    y = x @ np.linspace(-1.0, 1.0, features) + noise * rng.normal(size=rows)
    return split(x, y[:, None].astype("float32"), seed)


def flats(seed: int, rows: int = 900) -> Fit:
    """Flats: area in m2, year built, distance in m, rooms, income of the quarter; price in euros [n, 1]."""
    rng = _rng(seed)
    area, year = rng.gamma(6.0, 14.0, rows), rng.integers(1900, 2024, rows)
    metres, rooms = rng.gamma(2.0, 900.0, rows), np.clip(area / 25 + rng.normal(0, 0.7, rows), 1, 9).round()
    income = rng.normal(38000, 9000, rows)
    price = 2600 * area + 900 * (year - 1900) - 22 * metres + 4.5 * income + 9000 * rooms
    price *= np.exp(0.05 * rng.normal(size=rows))
    x = np.stack([area, year, metres, rooms, income], 1)
    return split(x.astype("float32"), price[:, None].astype("float32"), seed)


def waves(seed: int, rows: int = 700, steps: int = 24, noise: float = 0.05) -> Fit:
    """The next value of a sum of two sines: x [n, steps, 1], y [n, 1], both within about +-1.5."""
    rng = _rng(seed)
    t = rng.uniform(0, 200, size=(rows, 1)) + np.arange(steps + 1)
    s = np.sin(0.4 * t) + 0.5 * np.sin(0.97 * t + 1.0) + noise * rng.normal(size=t.shape)
    return split(s[:, :-1, None].astype("float32"), s[:, -1:].astype("float32"), seed)


def tones(seed: int, rows: int = 800, steps: int = 48, classes: int = 3) -> Fit:
    """Noisy tones of different pitch and random phase: x [n, steps, 1], y integers [n]."""
    rng = _rng(seed)
    y = np.arange(rows) % classes
    phase = rng.uniform(0, 2 * np.pi, size=(rows, 1))
    x = np.sin((0.3 + 0.25 * y[:, None]) * np.arange(steps) + phase) + 0.3 * rng.normal(size=(rows, steps))
    return split(x[..., None].astype("float32"), y, seed)


def texts(seed: int, rows: int = 1200, length: int = 20, words: int = 400) -> Fit:
    """Sentences of word numbers; a few words are good or bad: x [n, length] integers, y 0/1 float [n]."""
    rng = _rng(seed)
    x = rng.integers(20, words, size=(rows, length))
    y = np.arange(rows) % 2
    for row, label in zip(x, y, strict=True):
        places = rng.choice(length, 4, replace=False)
        row[places] = rng.integers(0, 10, 4) + 10 * label
    return split(x.astype("int32"), y.astype("float32"), seed)


def shapes(seed: int, rows: int = 800, side: int = 12) -> Fit:
    """Pictures of a bar (lying, standing, slanting) somewhere: x [n, side, side, 1] in 0..1, y [n]."""
    rng = _rng(seed)
    y = np.arange(rows) % 3
    x = 0.15 * rng.random((rows, side, side, 1))
    for picture, kind in zip(x, y, strict=True):
        r, c = rng.integers(0, side - 5, 2)
        i = np.arange(6)
        picture[r + (i if kind else 0), c + (i if kind != 1 else 0), 0] += 0.7
    return split(x.astype("float32"), y, seed)


def tags(seed: int, rows: int = 1000, labels: int = 6) -> Fit:
    """Several labels a row, each a half space: x [n, 12] ~ N(0, 1), y [n, labels] of 0/1."""
    rng = _rng(seed)
    x = rng.normal(size=(rows, 12)).astype("float32")
    y = (x @ np.random.default_rng(5).normal(size=(12, labels)) > 0.5).astype("float32")
    return split(x, y, seed)


def counts(seed: int, rows: int = 900) -> Fit:
    """Events an hour with a log-linear rate of 0.3 to 30: x [n, 5], y counts [n, 1]."""
    rng = _rng(seed)
    x = rng.normal(size=(rows, 5)).astype("float32")
    rate = np.exp(1.2 + 0.5 * x[:, 0] - 0.4 * x[:, 1] + 0.3 * np.abs(x[:, 2]))
    return split(x, rng.poisson(rate)[:, None].astype("float32"), seed)


def rare(seed: int, rows: int = 3000, share: float = 0.015) -> Fit:
    """A rare, separable event: x [n, 8], y 0/1 float [n] with `share` of ones."""
    rng = _rng(seed)
    y = (np.arange(rows) < share * rows).astype("float32")
    x = rng.normal(size=(rows, 8))
    x[y == 1, :3] += 1.3
    return split(x.astype("float32"), y, seed)


def change(fit: Fit, x: Any = None, y: Any = None) -> Fit:
    """Returns `fit` with functions applied to the inputs and targets of both training and validation."""
    fx, fy = x or _same, y or _same
    xv, yv = fit["validation_data"]
    return {**fit, "x": fx(fit["x"]), "y": fy(fit["y"]), "validation_data": (fx(xv), fy(yv))}


def _same(value: Any) -> Any:
    return value
