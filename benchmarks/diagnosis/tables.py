"""scikit-learn's bundled tables, shuffled and split by a seed: seed -> dict(x, y, validation_data)."""

from __future__ import annotations

from typing import Any

import numpy as np

Fit = dict[str, Any]


def split(x: Any, y: Any, seed: int, share: float = 0.7) -> Fit:
    """Returns shuffled rows, the first `share` of them for training and the rest for validation."""
    order = np.random.default_rng(seed).permutation(len(x))
    cut = int(share * len(x))
    first, rest = order[:cut], order[cut:]
    return {"x": x[first], "y": y[first], "validation_data": (x[rest], y[rest])}


def standard(fit: Fit, *, targets: bool = False) -> Fit:
    """Returns `fit` with each input column (and, if asked, target column) scaled by the training rows."""
    (xv, yv), x, y = fit["validation_data"], fit["x"], fit["y"]
    x, xv = _scaled(x, xv)
    if targets:
        y, yv = _scaled(y, yv)
    return {**fit, "x": x, "y": y, "validation_data": (xv, yv)}


def _scaled(train: Any, other: Any) -> tuple[Any, Any]:
    mean, spread = train.mean(axis=0), train.std(axis=0) + 1e-7
    return ((train - mean) / spread).astype("float32"), ((other - mean) / spread).astype("float32")


def onehot(fit: Fit, classes: int) -> Fit:
    """Returns `fit` with integer targets written as rows of 0 and 1."""
    eye = np.eye(classes, dtype="float32")
    xv, yv = fit["validation_data"]
    return {**fit, "y": eye[fit["y"].astype(int)], "validation_data": (xv, eye[yv.astype(int)])}


def digits(
    seed: int, *, scale: float = 16.0, image: bool = False, rows: int = 1797, share: float = 0.7
) -> Fit:
    """8 x 8 handwritten digits: x [n, 64] or [n, 8, 8, 1] of 0..16 / scale, y integers [n]."""
    from sklearn.datasets import load_digits

    table = load_digits()
    x = (table.data / scale).astype("float32")
    x, y = _some(x.reshape(-1, 8, 8, 1) if image else x, table.target, rows, seed)
    return split(x, y, seed, share)


def _some(x: Any, y: Any, rows: int, seed: int) -> tuple[Any, Any]:
    order = np.random.default_rng(seed + 1000).permutation(len(x))[:rows]
    return x[order], y[order]


def wine(seed: int) -> Fit:
    """178 wines, 13 columns of very different scale (proline up to 1680), three growers as integers."""
    from sklearn.datasets import load_wine

    table = load_wine()
    return split(table.data.astype("float32"), table.target, seed)


def cancer(seed: int) -> Fit:
    """569 tumours, 30 columns from 0.001 to 4254, benign 1 or malignant 0 as float [n]."""
    from sklearn.datasets import load_breast_cancer

    table = load_breast_cancer()
    return split(table.data.astype("float32"), table.target.astype("float32"), seed)


def iris(seed: int) -> Fit:
    """150 flowers, four lengths in cm, three species as integers."""
    from sklearn.datasets import load_iris

    table = load_iris()
    return split(table.data.astype("float32"), table.target, seed)


def diabetes(seed: int) -> Fit:
    """442 patients, ten columns with a standard deviation of 0.05, progress 25..346 as [n, 1]."""
    from sklearn.datasets import load_diabetes

    table = load_diabetes()
    return split(table.data.astype("float32"), table.target[:, None].astype("float32"), seed)


def linnerud(seed: int) -> Fit:
    """20 men: three exercise counts; weight, waist and pulse as targets [n, 3]."""
    from sklearn.datasets import load_linnerud

    table = load_linnerud()
    return split(table.data.astype("float32"), table.target.astype("float32"), seed)
