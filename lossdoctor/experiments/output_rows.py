"""Rows of a model's outputs that a loss takes like those that the model itself gave.

Keras keeps two things beside an output tensor that losses ask for: the mask of a padded sequence, and the logits before
a softmax or sigmoid. Both are lost when rows are taken out of the tensor; here they come along.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from lossdoctor import backends, keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.passes import Passes
from lossdoctor.experiments.rows import take

MOST_ENTRIES = 2**22  # entries of inputs or outputs that are held at once; rows are left out where there would be more

Array = np.ndarray


class _Carrier(keras.layers.Layer):
    """Takes a mask from a tensor, or puts one on it, as any layer that supports masking does."""

    def __init__(self, given: Any = None) -> None:
        # A name of its own: Keras counts the layers that it has to name, and the user's next ones would be called
        # otherwise than without us.
        super().__init__(name="lossdoctor_mask", autocast=False)
        self.supports_masking = True
        self.given, self.found = given, None

    def call(self, inputs: Any, mask: Any = None) -> Any:
        self.found = mask
        return inputs

    def compute_mask(self, inputs: Any, previous_mask: Any = None) -> Any:
        return self.given


def mask_of(tensor: Any) -> Any:
    """Returns the mask [rows, steps] that Keras keeps beside an output, None without one."""
    carrier = _Carrier()
    carrier(tensor)
    return carrier.found


def masked(tensor: Any, mask: Any) -> Any:
    """Returns a tensor with a mask beside it, as losses look for one; the tensor itself where mask is None."""
    return tensor if mask is None else _Carrier(mask)(tensor)


def link_of(tensor: Any) -> Callable[[Any], Any] | None:
    """Returns the softmax or sigmoid that made an output whose logits Keras kept, None for all other outputs."""
    kept = keras_private.logits(tensor)
    if kept is tensor or tuple(kept.shape) != tuple(tensor.shape):
        return None
    value = np.asarray(ops.convert_to_numpy(tensor[:1]))
    for link in (keras.activations.sigmoid, keras.activations.softmax):
        if np.allclose(ops.convert_to_numpy(link(kept[:1])), value, rtol=1e-3, atol=1e-5, equal_nan=True):
            return link  # type: ignore[no-any-return]
    return None


def rows_of(outputs: Any, index: Array) -> Any:
    """Returns the rows `index` of a pytree of outputs, with their masks and logits."""
    return tree.map_structure(lambda t: _rows_of_one(t, ops.convert_to_tensor(index)), outputs)


def _rows_of_one(tensor: Any, index: Any) -> Any:
    link, mask = link_of(tensor), mask_of(tensor)
    if link is None:
        rows = ops.take(tensor, index, axis=0)
    else:  # made again, so that Keras keeps their logits too
        rows = link(ops.take(keras_private.logits(tensor), index, axis=0))
    return masked(rows, None if mask is None else ops.take(mask, index, axis=0))


def check_loss_of_outputs(passes: Passes, rows: Sample, outputs: Any) -> None:
    """Raises ValueError where the loss does not follow from the outputs, so that exchanging them tells nothing."""

    def loss(flat: Sequence[Any]) -> Any:
        return passes.loss(rows, tree.pack_sequence_as(outputs, list(flat)))

    _, gradients = backends.current().value_and_gradients(loss, tree.flatten(outputs))
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
