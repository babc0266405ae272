"""The initial weights of a model that is built by its own first step, and has none before it."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.probes import replicas
from lossdoctor.probes.branch import unless
from lossdoctor.probes.hooks import Observer


class Begin(Observer):
    """Copies the weights inside the first step, after the forward pass made them and before the update.

    A Sequential without an Input is built while its first step is traced. Its variables get their values
    only as that step runs: before it there is nothing to copy, and after it they have been updated.

    Args:
        model: not built yet.
    """

    def __init__(self, model: Any):
        self._model = model
        self._copies: list[Any] = []
        self._filled: Any = None

    def on_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
        weights = list(self._model.weights)
        self._create(weights)
        if not self._done():  # a later trace is for a batch of another size: the first step is done
            unless(self._filled, lambda: self._copy(weights))

    def _create(self, weights: list[Any]) -> None:
        import tensorflow as tf

        if self._filled is None:  # tf.function traces a step that makes variables once more
            self._filled = replicas.variable(np.array(False))
            kinds = [tf.as_dtype(v.dtype).as_numpy_dtype for v in weights]
            self._copies = [
                replicas.variable(np.zeros(v.shape, k)) for v, k in zip(weights, kinds, strict=True)
            ]

    def _done(self) -> bool:
        import tensorflow as tf

        with tf.init_scope():
            return self._filled is not None and bool(self._filled.numpy())

    def _copy(self, weights: list[Any]) -> None:
        for copy, weight in zip(self._copies, weights, strict=True):
            copy.assign(weight.value)
        self._filled.assign(True)

    def read(self) -> list[np.ndarray]:
        """Returns the weights in the order of `model.weights`, and lets go of them; [] before the first step."""
        if not self._done():
            return []
        copies, self._copies = self._copies, []
        return [np.asarray(copy.numpy()) for copy in copies]
