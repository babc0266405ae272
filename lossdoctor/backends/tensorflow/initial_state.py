"""The initial state of a model that is built by its own first step and has none before it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import lossdoctor.backends.tensorflow.host_values as host_values
from lossdoctor import keras_private
from lossdoctor.backends.tensorflow.hooks import Observer


class InitialState(Observer):
    """Reads variables before the first update, after the first step has made them.

    A Sequential without an Input is built while its first step is traced. TensorFlow then gives the variables
    their values and traces the step once more, without running it in between: that is when they are taken. A
    step that runs eagerly has them after its forward pass.

    Args:
        model: not built yet.
        variables: returns those to read, once they are made.
    """

    def __init__(self, model: Any, variables: Callable[[], list[Any]]):
        self._model, self._variables = model, variables
        self._found: list[tuple[Any, Any]] = []
        self._over = False

    def before_step(self, data: Any) -> None:
        self._take()

    def on_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
        self._take_if_eager()

    def around_apply(
        self, proceed: Callable[[], Any], gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        self._take_if_eager()  # a step of the user's own may compute its loss by itself
        proceed()

    def _take_if_eager(self) -> None:
        import tensorflow as tf

        if tf.executing_eagerly():
            self._take()

    def _take(self) -> None:
        import tensorflow as tf

        if self._over or self._found or not keras_private.is_built(self._model):
            return
        with tf.init_scope():
            held = self._variables()
            if all(host_values.is_set(v) for v in held):
                self._found = [(v, host_values.tensor(v)) for v in held]

    def hand_over(self) -> list[tuple[Any, Any]]:
        """Returns each variable with its value as a tensor, and lets go of them. Only after the first step."""
        self._over = True  # a later trace is for a batch of another size: the weights have been trained
        found, self._found = self._found, []
        return found
