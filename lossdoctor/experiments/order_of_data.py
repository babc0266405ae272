"""Order of data: do the first batches hold one class each, or the same rows again and again?

Stochastic gradient descent takes batches for random draws of the data (Bengio 2012, https://arxiv.org/abs/1206.5533,
section 3.1.1). The sample holds the first rows in the order in which they came, so runs of one class and exact copies
of rows in other batches can be counted and compared with chance. Pure numpy; no model is needed.

Cost: one pass over the sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import tree

from lossdoctor.backends.sample import Sample
from lossdoctor.losses.codings import class_numbers

LEAST_ROWS = 48
LEAST_BATCHES = 2
MOST_CLASSES = 50

Array = np.ndarray


def data_order(
    rows: Sample, batch_size: int, units: int | None = None, validation: Sample | None = None
) -> dict[str, float]:
    """Returns how the first rows are ordered.

    Args:
        rows: the first rows of a run in the order in which they came, at least LEAST_ROWS.
        batch_size: rows in a batch of the run.
        units: of the output that the targets are classes of; None when it is not known.
        validation: rows whose classes say what is to be expected where all of `rows` are of one class; None without.

    Returns:
        "repeated": share of the rows behind the first batch that are exact copies (inputs and targets) of a row in an
        earlier batch; where the targets are classes also "runs" (mean length of a run of one class over that by
        chance), "pure_batches" and "pure_by_chance" (share of whole batches of one class alone); "rows".

    Raises:
        ValueError: too few rows or batches.

    Example:
        >>> x = np.arange(128.0)[:, None]
        >>> found = data_order(Sample(x, (x >= 64).astype(int)), 16)
        >>> found["pure_batches"], found["repeated"]
        (1.0, 0.0)
    """
    if rows.rows < max(LEAST_ROWS, LEAST_BATCHES * batch_size):
        raise ValueError(f"{rows.rows} rows are too few to say anything of their order")
    found = {"repeated": _repeated(rows, batch_size), "rows": float(rows.rows)}
    labels = _labels(rows.y, units)
    if labels is None:
        return found
    shares = _shares(labels)
    other = None if validation is None else _labels(validation.y, units)
    if len(shares) == 1 and other is not None:
        shares = _shares(other)
    return {**found, **_runs(labels, batch_size, shares)}


def _repeated(rows: Sample, batch: int) -> float:
    leaves = [np.asarray(a) for a in tree.flatten((rows.x, rows.y)) if a is not None]
    keys = [b"".join(np.ascontiguousarray(a[i]).tobytes() for a in leaves) for i in range(rows.rows)]
    seen: set[bytes] = set()
    copies = 0
    for start in range(0, rows.rows, batch):
        part = keys[start : start + batch]
        copies += sum(key in seen for key in part)
        seen.update(part)
    return copies / max(1, rows.rows - batch)


def _labels(y: Any, units: int | None) -> Array | None:
    flat = [np.asarray(a) for a in tree.flatten(y) if a is not None]
    if len(flat) != 1 or flat[0].dtype.kind not in "fiub":
        return None
    target = flat[0].astype(np.float64)
    target = target[:, None] if target.ndim == 1 else target
    if target.ndim != 2 or not np.isfinite(target).all():
        return None
    labels = class_numbers(target, units or max(2, target.shape[-1]))
    kinds = 0 if labels is None else len(np.unique(labels))
    return labels if labels is not None and 1 <= kinds <= MOST_CLASSES else None


def _shares(labels: Array) -> Array:
    counts = np.unique(labels, return_counts=True)[1]
    shares: Array = counts / len(labels)
    return shares


def _runs(labels: Array, batch: int, shares: Array) -> dict[str, float]:
    changes = int((labels[1:] != labels[:-1]).sum())
    by_chance = 1.0 / max(1.0 - float((shares**2).sum()), 1.0 / len(labels))
    whole = labels[: len(labels) // batch * batch].reshape(-1, batch)
    pure = float((whole == whole[:, :1]).all(1).mean())
    return {"runs": len(labels) / (changes + 1) / by_chance, "pure_batches": pure,
            "pure_by_chance": float((shares**batch).sum())}  # fmt: skip
