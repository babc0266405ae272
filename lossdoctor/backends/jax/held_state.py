"""HeldState: the state of a running fit, which Keras holds in the place of the model's variables.

During an epoch the variables of a model have no value: the trainer passes tuples of arrays from step to step, and each
step gives up the memory of those that it is given. Between two steps the arrays of the last one are the present state.
"""

from __future__ import annotations

import weakref
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from lossdoctor import keras_private

_ALL: weakref.WeakSet[HeldState] = weakref.WeakSet()


class HeldState:
    """What the last step of a model returned.

    Attributes:
        state: (trainable, non_trainable, optimizer, metrics), lists of arrays in the order of Keras; None before the
            first step.
    """

    def __init__(self, model: Any):
        self._model = weakref.ref(model)
        self.state: Any = None
        self._places: dict[int, tuple[int, int]] = {}
        _ALL.add(self)

    def hold(self, state: Any) -> None:
        self.state = state

    def forget(self) -> None:
        self.state, self._places = None, {}

    def find(self, variable: Any) -> Any:
        """Returns the array in the place of a variable, None when it is not one of the model."""
        model = self._model()
        if not self._places and model is not None:
            lists = enumerate(variables(model))
            self._places = {id(v): (i, k) for i, held in lists for k, v in enumerate(held)}
        place = self._places.get(id(variable))
        if place is None or model is None:
            return None
        if self.state is None:  # Keras goes on without us: it puts the values back where it is asked to
            model.jax_state_sync()
            return variable.value
        return self.state[place[0]][place[1]]


def variables(model: Any) -> tuple[list[Any], ...]:
    """Returns a model's variables in the order of the trainer's state."""
    optimizer = getattr(model, "optimizer", None)
    slots = [] if optimizer is None else optimizer.variables
    groups = (model.trainable_variables, model.non_trainable_variables, slots, model.metrics_variables)
    return tuple(list(group) for group in groups)


def present(variable: Any) -> Any:
    """Returns the present array of a variable, also during an epoch. The next step may give up its memory."""
    if keras_private.is_attached(variable):
        return variable.value
    for held in list(_ALL):
        found = held.find(variable)
        if found is not None:
            return found
    return variable.value


def learning_rate(optimizer: Any) -> float | None:
    """Returns the rate of the next step, also under a schedule and during an epoch; None when there is none."""
    try:
        rate = keras_private.rate_of(optimizer)
        if isinstance(rate, keras.Variable):
            return float(np.asarray(present(rate)))
        pairs = [(v, present(v)) for v in optimizer.variables]
        with keras.StatelessScope(state_mapping=pairs):
            return float(keras.ops.convert_to_numpy(optimizer.learning_rate))
    except (AttributeError, TypeError, ValueError, RuntimeError):  # none, or an array that is gone
        return None


def is_alive(state: Any) -> bool:
    """Returns whether no step has given up the memory of these arrays."""
    groups: Sequence[Any] = state or ()
    arrays = [a for group in groups for a in group]
    return bool(arrays) and not any(getattr(a, "is_deleted", bool)() for a in arrays)
