"""Goals: the targets of rows in the form of the model's outputs, where the two can be compared at all.

Numbers of the same shape (trivial axes aside) are goals as they stand; class numbers against a row of scores become
one-hot rows. Embeddings, distances and other answers that no target names have no goal.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from keras import ops, tree

from lossdoctor.backends.sample import Sample
from lossdoctor.losses.output_range import Range, reach
from lossdoctor.record import Output

Array = np.ndarray
EVERYTHING = Range(-np.inf, np.inf)


@dataclass(frozen=True)
class Goal:
    """What one output of the model would be if it equalled its targets.

    Attributes:
        name: of the output.
        values: float64, in the output's shape [rows, ...]; None when there is nothing to compare.
        because: why there is nothing to compare, one clause; "" otherwise.
        labels: whether the targets are class numbers that were made one-hot.
        units: whether the targets are labels, 0 or 1 an entry, against which an output may also be a logit.
    """

    name: str
    values: Array | None
    because: str = ""
    labels: bool = False
    units: bool = False


def goals_of(rows: Sample, made: Any, outputs: Sequence[Output] = ()) -> list[Goal]:
    """Returns one Goal an output, in the order in which keras.tree flattens them.

    Args:
        rows: rows with targets.
        made: the model's outputs for them, a pytree of tensors [rows, ...].
        outputs: what is known of the outputs, in the same order; () when nothing is.
    """
    flat = [to_numpy(t) for t in tree.flatten(made)]
    known = known_outputs(outputs, len(flat))
    names = output_names(made, outputs, len(flat))
    targets = _targets(rows.y, names)
    if len(targets) != len(flat):
        return [Goal(name, None, "targets and outputs are not the same in number") for name in names]
    return [_goal(*one) for one in zip(names, targets, flat, known, strict=True)]


def to_numpy(tensor: Any) -> Array:
    """Returns a tensor as float64, whatever its dtype is."""
    return np.asarray(ops.convert_to_numpy(ops.cast(tensor, "float32")), np.float64)


def known_outputs(outputs: Sequence[Output], count: int) -> list[Output | None]:
    """Returns what is known of each of `count` outputs, None for each when the numbers differ."""
    return list(outputs) if len(outputs) == count else [None] * count


def output_names(made: Any, outputs: Sequence[Output], count: int) -> list[str]:
    """Returns a name an output: of the setup, of a dict of outputs, else "output_0" and so on."""
    if isinstance(made, Mapping) and len(made) == count:
        return [str(key) for key in sorted(made)]
    if len(outputs) == count:
        return [o.name for o in outputs]
    return [f"output_{i}" for i in range(count)]


def range_of(output: Output | None) -> Range | None:
    """Returns what the last activations of an output can give, None when that is not known from the setup."""
    return None if output is None or output.rescaled else reach(output.activations, output.units)


def _targets(y: Any, names: Sequence[str]) -> list[Any]:
    if isinstance(y, Mapping) and set(names) <= set(y):
        return [y[name] for name in names]
    return [] if y is None else tree.flatten(y)


def _goal(name: str, target: Any, made: Array, output: Output | None) -> Goal:
    array = np.asarray(target)
    if array.dtype.kind not in "fiub" or not array.size:
        return Goal(name, None, "the targets are not numbers")
    array = array.astype(np.float64)
    if _trimmed(array.shape) == _trimmed(made.shape):
        values = array.reshape(made.shape)
        return Goal(name, values, units=bool(np.isin(values[np.isfinite(values)], (0, 1)).all()))
    classes = made.shape[-1]
    if made.ndim > 1 and _trimmed(array.shape) == _trimmed(made.shape[:-1]) and _class_numbers(array):
        custom = output is None or output.loss is None or output.loss.startswith("custom")
        if custom and array.max() + 1 != classes:
            return Goal(name, None, "the output's units do not number the classes")
        hot = (array.reshape(*made.shape[:-1], 1) == np.arange(classes)).astype(np.float64)
        return Goal(name, hot, labels=True, units=True)
    return Goal(name, None, "targets and outputs differ in shape")


def _trimmed(shape: Sequence[int]) -> tuple[int, ...]:
    """Returns a shape without axes of length 1; the rows stay."""
    return (shape[0], *(n for n in shape[1:] if n != 1))


def _class_numbers(array: Array) -> bool:
    return bool(np.isfinite(array).all() and (array == np.round(array)).all())
