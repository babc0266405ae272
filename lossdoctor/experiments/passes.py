"""Passes: the user's own model and loss on rows, at any weights, without a trace in either.

Everything runs in a keras.StatelessScope: what a forward pass would change (statistics, seeds, metrics, add_loss) is
thrown away. No copy of the model is made, so this holds for any model that can be called and any loss.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree

from lossdoctor import backends, keras_private
from lossdoctor.backends.sample import Sample

Weights = Sequence[np.ndarray]


class Passes:
    """A model with a compiled loss, on rows.

    Args:
        model: the user's model, built and compiled. It is not touched.
        weights: values for `model.weights`, in their order; None: those that it has.
    """

    def __init__(self, model: Any, weights: Weights | None = None) -> None:
        self.model = model
        held = list(model.weights)
        # All of them, also where they stay as they are: Keras asks the scope for those that a regularizer is on.
        values = [v.value for v in held] if weights is None else weights
        self._state = list(zip(held, values, strict=True))

    @property
    def trainable(self) -> list[Any]:
        """The values of the trainable variables, as tensors."""
        known = {id(v): value for v, value in self._state}
        return [
            ops.convert_to_tensor(known.get(id(v), v.value), dtype=v.dtype)
            for v in self.model.trainable_variables
        ]

    def _scope(self, values: Sequence[Any] = ()) -> Any:
        own = list(zip(self.model.trainable_variables, values, strict=True)) if len(values) else []
        return keras.StatelessScope(state_mapping=[*self._state, *own], collect_losses=True)

    def forward(self, x: Any, *, training: bool = False, values: Sequence[Any] = ()) -> Any:
        """Returns the model's outputs, in its own structure, as tensors.

        Args:
            x: inputs as the model takes them, a pytree of arrays or tensors.
            training: the mode in which the model is called.
            values: other values for the trainable variables, for derivatives with respect to them.
        """
        mode = {"training": training} if keras_private.takes_training(self.model) else {}
        with self._scope(values), backends.current().preserved(self.model):
            return self.model(tensors(x), **mode)

    def loss(self, rows: Sample, outputs: Any, *, training: bool = False) -> Any:
        """Returns the user's loss of given outputs, a scalar tensor: with sample weights, without penalties.

        Args:
            rows: inputs, targets and sample weights.
            outputs: in the structure of the model's outputs, tensors [rows, ...].
            training: what compute_loss is told of the mode.
        """
        with self._scope():
            total = self._compute_loss(rows, outputs, training)
            penalties = [ops.cast(p, total.dtype) for p in self.model.losses]
        return total - sum(penalties) if penalties else total

    def total_loss(self, rows: Sample, *, training: bool = True, values: Sequence[Any] = ()) -> Any:
        """Returns the loss that a training step minimises, a scalar tensor: penalties and add_loss included."""
        mode = {"training": training} if keras_private.takes_training(self.model) else {}
        with self._scope(values), backends.current().preserved(self.model):
            return self._compute_loss(rows, self.model(tensors(rows.x), **mode), training)

    def _compute_loss(self, rows: Sample, outputs: Any, training: bool) -> Any:
        x, y, weight = (tensors(part) for part in (rows.x, rows.y, rows.sample_weight))
        # On PyTorch Keras multiplies weights with masks in place, and the tensor shares the memory of our array.
        weight = tree.map_structure(lambda w: None if w is None else ops.copy(w), weight)
        return keras_private.loss_of(
            self.model, x=x, y=y, y_pred=outputs, sample_weight=weight, training=training
        )

    def evaluate(self, rows: Sample, *, training: bool = False) -> float:
        """Returns the user's loss of the model on rows, without penalties."""
        return number(self.loss(rows, self.forward(rows.x, training=training), training=training))


def tensors(part: Any) -> Any:
    """Returns a pytree of arrays as `fit` would hand it to the model: doubles become floats; None stays."""
    return None if part is None else tree.map_structure(lambda a: None if a is None else tensor(a), part)


def tensor(array: Any) -> Any:
    """Returns an array as `fit` would hand it to the model: doubles become floats."""
    if not isinstance(array, np.ndarray):
        return ops.convert_to_tensor(array)
    return ops.convert_to_tensor(array.astype("float32") if array.dtype == np.float64 else array)


def number(value: Any) -> float:
    """Returns a scalar tensor as a float."""
    return float(np.asarray(ops.convert_to_numpy(value)).reshape(()))
