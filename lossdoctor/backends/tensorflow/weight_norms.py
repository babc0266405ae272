"""WeightNorms: how large the weights are and how far they moved, measured between steps."""

from __future__ import annotations

from typing import Any

import numpy as np

import lossdoctor.backends.tensorflow.host_values as host_values


class WeightNorms:
    """Compares the trainable variables with how they were at the last `anchor()`.

    In numpy, which on a CPU shares TensorFlow's memory: eager operations take three times as long on a small
    model, and tracing a function costs it more than all its samples.
    """

    def __init__(self, model: Any):
        self._variables = list(model.trainable_variables)
        self._anchor: list[Any] | None = None

    def anchor(self) -> None:
        self._anchor = [host_values.tensor(v) for v in self._variables]

    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns L2 norms [variables] of the weights and of their move since the anchor."""
        if self._anchor is None:
            self.anchor()
        pairs = [
            (host_values.tensor(v).numpy(), a.numpy())
            for v, a in zip(self._variables, self._anchor or [], strict=True)
        ]
        with np.errstate(over="ignore", invalid="ignore"):  # weights of a run that blew up
            norms = [(_norm(value), _norm(value - before)) for value, before in pairs]
        weights, moves = np.array(norms, np.float64).reshape(-1, 2).T
        return weights, moves


def _norm(array: np.ndarray) -> float:
    flat = array.ravel() if array.dtype == np.float64 else array.ravel().astype(np.float32, copy=False)
    return float(np.sqrt(np.float64(np.vdot(flat, flat))))
