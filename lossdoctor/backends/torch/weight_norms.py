"""WeightNorms: how large the weights are and how far they moved, measured between steps."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.backends.torch.norms import norms_of, stacked


class WeightNorms:
    """Compares the trainable variables with how they were at the last `anchor()`."""

    def __init__(self, model: Any):
        self._variables = list(model.trainable_variables)
        self._anchor: list[Any] | None = None

    def _present(self) -> list[Any]:
        return [v.value.detach() for v in self._variables]

    def anchor(self) -> None:
        self._anchor = [value.clone() for value in self._present()]

    def measure(self) -> tuple[np.ndarray, np.ndarray]:
        """Returns L2 norms [variables] of the weights and of their move since the anchor."""
        if self._anchor is None:
            self.anchor()
        present = self._present()
        moves = [v - before for v, before in zip(present, self._anchor or [], strict=True)]
        weights, moved = (_numbers(norms_of(part)) for part in (present, moves))
        return weights, moved

    def anchored(self) -> list[Any]:
        return list(self._anchor or [])


def _numbers(scalars: list[Any]) -> np.ndarray:
    return np.asarray(stacked(scalars).tolist() if scalars else [], np.float64)
