"""How targets are coded: class numbers, one-hot rows, yes/no, sides, distributions or plain numbers."""

from __future__ import annotations

import numpy as np

from lossdoctor.losses.loss_row import CLASSES, ROW_SUM_TOLERANCE, Loss, columns_of

OF_CLASSES = ("integer", "one-hot", "multi-hot", "binary", "sign")  # codings of single labels, no shares
# Whole numbers of more kinds than this are rather amounts than classes, unless the loss says so.
FEW_CLASSES = 100
DENSE = 0.3  # class numbers fill their range; amounts and codes such as 100, 250, 9000 do not
MAX_COUNTED = 1000  # classes that are counted one by one; more kinds of whole numbers are amounts


def coding_of(targets: np.ndarray, loss: Loss | None = None) -> str:
    """Returns the coding of targets, see `record.Target`.

    Args:
        targets: numbers [rows, ..., columns], or [rows] for one column. Rows with NaN or inf are left out.
        loss: the loss they go into when that is known: it decides what whole numbers mean.

    Example:
        >>> coding_of(np.array([0, 2, 1])), coding_of(np.eye(3)), coding_of(np.array([0.5, 2.1]))
        ('integer', 'one-hot', 'real')
    """
    y = columns_of(targets)
    columns = y.shape[1]
    if not y.size:
        return "empty"
    kinds = np.unique(y[:, : max(1, 2**18 // len(y))])
    whole = bool((kinds == np.floor(kinds)).all())
    if loss is not None and loss.units == CLASSES and columns == 1 and whole and kinds[0] >= 0:
        return "binary" if kinds[-1] <= 1 else "integer"
    if len(kinds) == 1:
        return _one_kind(float(kinds[0]), columns)
    if np.isin(kinds, (0, 1)).all():
        return "binary" if columns == 1 else "one-hot" if (y.sum(1) == 1).all() else "multi-hot"
    if np.isin(kinds, (-1, 1)).all():
        return "sign"
    if columns > 1 and kinds[0] >= 0 and (np.abs(y.sum(1) - 1) < ROW_SUM_TOLERANCE).all():
        return "distribution"
    return "integer" if whole and _like_classes(kinds, columns) else "real"


def _one_kind(value: float, columns: int) -> str:
    # Rows that are all 1/k are a (useless) distribution; any other single value has no coding.
    return "distribution" if columns > 1 and abs(value * columns - 1) < ROW_SUM_TOLERANCE else "constant"


def _like_classes(kinds: np.ndarray, columns: int) -> bool:
    dense = len(kinds) / (kinds[-1] - kinds[0] + 1) >= DENSE
    return bool(columns == 1 and 0 <= kinds[0] <= 1 and len(kinds) <= FEW_CLASSES and dense)


def classes_of(y: np.ndarray, coding: str) -> int | None:
    """Returns the number of classes that a coding has room for, None when it is no coding of classes."""
    if coding in ("one-hot", "multi-hot", "distribution"):
        return int(y.shape[1])
    if coding in ("binary", "sign"):
        return 2
    return int(y.max()) + 1 if coding == "integer" else None


def counts_of(y: np.ndarray, coding: str) -> dict[str, int]:
    """Returns the rows of each class by its number as text, for the codings of classes."""
    if coding in ("one-hot", "multi-hot"):
        return {str(i): int(n) for i, n in enumerate(y[:, :MAX_COUNTED].sum(0))}
    if coding in ("binary", "integer", "sign"):
        kinds, counts = np.unique(y, return_counts=True)
        pairs = zip(kinds[:MAX_COUNTED], counts[:MAX_COUNTED], strict=True)
        return {str(int(kind)): int(count) for kind, count in pairs}
    return {}


def class_numbers(y: np.ndarray, units: int) -> np.ndarray | None:
    """Returns the class of each position under an output of `units` units, None when these are no classes.

    `coding_of` says what targets are by themselves; here the output has the last word: 0 to 9 are classes
    for ten units and amounts for one.

    Args:
        y: float64 [..., columns], finite.
        units: size of the output's last axis; 1 takes the labels 0 and 1, or -1 and 1.

    Returns:
        Class numbers [positions].
    """
    whole = bool((y == np.round(y)).all())
    if y.shape[-1] == 1:
        lowest = -1 if units == 1 else 0
        fits = whole and y.min(initial=0) >= lowest and y.max(initial=0) <= max(1, units - 1)
        return y.ravel() if fits and len(np.unique(y)) <= MAX_COUNTED else None
    one_hot = whole and y.min() >= 0 and bool((y.sum(-1) == 1).all())
    return y.argmax(-1).ravel() if one_hot and y.shape[-1] == units else None
