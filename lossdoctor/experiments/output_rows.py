"""Rows of a model's outputs that a loss takes like those that the model itself gave.

Keras stores two things beside an output tensor that losses ask for: the mask of a padded sequence, and the logits before
a softmax or sigmoid. Both are lost when rows are taken out of the tensor; here they come along.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from lossdoctor import backends, keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.rows import take

MOST_ENTRIES = (
    2**23
)  # entries of inputs or outputs that are held at once; rows are left out where there would be more

Array = np.ndarray


class _Carrier(keras.layers.Layer):
    """Takes a mask from a tensor, or puts one on it, as any layer that supports masking does."""

    def __init__(self) -> None:
        # A name of its own: Keras counts the layers that it has to name, and the user's next ones would be called
        # otherwise than without us.
        super().__init__(name="lossdoctor_mask", autocast=False)
        self.supports_masking = True
        self.given: Any = None
        self.found: Any = None

    def call(self, inputs: Any, mask: Any = None) -> Any:
        self.found = mask
        return inputs

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.given


@functools.cache
def _carrier() -> _Carrier:
    return _Carrier()


def mask_of(tensor: Any) -> Any:
    """Returns the mask [rows, steps] that Keras stores beside an output, None without one."""
    carrier = _carrier()
    carrier.given = None
    carrier(tensor)
    found, carrier.found = carrier.found, None  # nothing of the user's stays with us
    return found


def masked(tensor: Any, mask: Any) -> Any:
    """Returns a tensor with a mask beside it, as losses expect one; the tensor itself where mask is None."""
    if mask is None:
        return tensor
    carrier = _carrier()
    carrier.given = mask
    try:
        return carrier(tensor)
    finally:
        carrier.given = carrier.found = None


def link_of(tensor: Any) -> Callable[[Any], Any] | None:
    """Returns the softmax or sigmoid that made an output whose logits Keras kept, None for all other outputs."""
    before = keras_private.logits(tensor)
    if before is tensor or tuple(before.shape) != tuple(tensor.shape):
        return None
    value = np.asarray(ops.convert_to_numpy(tensor[:1]))
    for link in (keras.activations.sigmoid, keras.activations.softmax):
        if np.allclose(ops.convert_to_numpy(link(before[:1])), value, rtol=1e-3, atol=1e-5, equal_nan=True):
            return link  # type: ignore[no-any-return]
    return None


class Outputs:
    """Outputs as a function of values that may be moved: logits where Keras kept them, else the outputs themselves.

    Args:
        outputs: what the model gave, a pytree of tensors [rows, ...].

    Attributes:
        points: the values at which they are the given outputs, one tensor an output.
        links: for each the softmax or sigmoid that makes outputs of points, None where they are the same.
    """

    def __init__(self, outputs: Any) -> None:
        self._like, flat = outputs, tree.flatten(outputs)
        self.links = [link_of(t) for t in flat]
        self._masks = [mask_of(t) for t in flat]
        self.points = [
            t if link is None else keras_private.logits(t) for t, link in zip(flat, self.links, strict=True)
        ]

    def at(self, points: Sequence[Any]) -> Any:
        """Returns the outputs for other points of the same rows, in the structure of those given."""
        return self._made(points, self._masks)

    def rows(self, index: Array) -> Any:
        """Returns the rows `index`, with their masks and logits."""
        some = ops.convert_to_tensor(index)
        masks = [None if m is None else ops.take(m, some, axis=0) for m in self._masks]
        return self._made([ops.take(p, some, axis=0) for p in self.points], masks)

    def _made(self, points: Sequence[Any], masks: Sequence[Any]) -> Any:
        flat = []
        for point, link, mask in zip(points, self.links, masks, strict=True):
            # A mask is put on the tensor itself, and the point must stay without.
            own = point if mask is None else ops.copy(point)
            flat.append(masked(own if link is None else link(point), mask))
        return tree.pack_sequence_as(self._like, flat)


def rows_of(outputs: Any, index: Array) -> Any:
    """Returns the rows `index` of a pytree of outputs, with their masks and logits."""
    return Outputs(outputs).rows(index)


def check_loss_of_outputs(passes: Passes, rows: Sample, outputs: Any) -> None:
    """Raises ValueError where the loss does not follow from the outputs, so that exchanging them tells nothing."""
    free = Outputs(outputs)
    _, gradients = backends.current().value_and_gradients(
        lambda p: passes.loss(rows, free.at(p)), free.points
    )
    if all(g is None for g in gradients):
        raise ValueError("the loss does not depend on the model's outputs")


def bounded(rows: Sample, outputs: Any = None, least: int = 8) -> Sample:
    """Returns the first rows, so many that neither inputs nor outputs have more than MOST_ENTRIES entries.

    Args:
        rows: all that there are.
        outputs: those of any rows, for the size of one; None when only the inputs count.
        least: how many rows the experiment needs.

    Raises:
        ValueError: there are fewer than `least`.
    """
    entries = [np.prod(t.shape[1:]) for t in tree.flatten((rows.x, outputs)) if t is not None]
    most = min(rows.rows, max(least, int(MOST_ENTRIES // max(max(entries, default=1), 1))))
    if rows.rows < least:
        raise ValueError(f"{rows.rows} rows are too few, it takes {least}")
    return rows if most == rows.rows else take(rows, np.arange(most))
