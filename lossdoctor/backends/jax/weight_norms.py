"""WeightNorms: how large the weights are and how far they moved, measured between steps."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from lossdoctor.backends.jax.held_state import present
from lossdoctor.backends.jax.snapshots import copied


def _both(values: list[Any], before: list[Any]) -> Any:
    pairs = [(v.astype(jnp.float32), b.astype(jnp.float32)) for v, b in zip(values, before, strict=True)]
    norms = [(_norm(v), _norm(v - b)) for v, b in pairs]
    return jnp.asarray(norms, jnp.float32).reshape(-1, 2).T


def _norm(value: Any) -> Any:
    return jnp.sqrt(jnp.sum(jnp.square(value)))


_norms = jax.jit(_both)


class WeightNorms:
    """Compares the trainable variables with how they were at the last `anchor()`."""

    def __init__(self, model: Any):
        self._variables = list(model.trainable_variables)
        self._anchor: list[Any] | None = None

    def _present(self) -> list[Any]:
        return [present(v) for v in self._variables]

    def anchor(self) -> None:
        self._anchor = copied(self._present())

    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns L2 norms [variables] of the weights and of their move since the anchor."""
        if self._anchor is None:
            self.anchor()
        weights, moves = np.asarray(_norms(self._present(), self._anchor or []), np.float64)
        return weights, moves

    def anchored(self) -> list[Any]:
        return list(self._anchor or [])
