"""Curvature: products with the Hessian or Gauss-Newton matrix of a loss, and the largest eigenvalue."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops, tree
from scipy.linalg import eigh_tridiagonal

from lossdoctor import backends, keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.workbench import Variant, tensor

Product = Callable[[np.ndarray], np.ndarray]
# Relative residual asked of the largest eigenvalue; its own error is of second order in that, below 1 %.
TOLERANCE = 0.02
MOST_PRODUCTS, LEAST_PRODUCTS = 48, 5  # before the fifth product the value is no more than a guess


class Curvature:
    """The second derivative of a variant's loss on rows, with respect to its trainable variables.

    Rows are taken in inference mode, so that dropout does not make each product another one; models with
    BatchNormalization in training mode, because its moving averages mean nothing at the start of a run.
    """

    def __init__(self, variant: Variant, rows: Sample) -> None:
        self.model = variant.model
        self._backend = backends.current()
        self.x, self.y, self.weight = (
            None if part is None else tree.map_structure(tensor, part)
            for part in (rows.x, rows.y, rows.sample_weight)
        )
        self.training = any(
            type(v).__name__ == "BatchNormalization" for v in keras_private.all_layers(self.model)
        )

    @property
    def size(self) -> int:
        """Number of trainable weights."""
        return int(sum(np.prod(v.shape) for v in self.model.trainable_variables))

    @property
    def _values(self) -> list[Any]:
        return [v.value for v in self.model.trainable_variables]

    def _scope(self, values: Sequence[Any]) -> Any:
        pairs = list(zip(self.model.trainable_variables, values, strict=True))
        return keras.StatelessScope(state_mapping=pairs, collect_losses=True)

    def loss(self, values: Sequence[Any]) -> Any:
        """Returns the loss on the rows at these values of the trainable variables, a scalar tensor."""
        with self._scope(values):
            outputs = self.model(self.x, training=self.training)
            return keras_private.loss_of(
                self.model,
                x=self.x,
                y=self.y,
                y_pred=outputs,
                sample_weight=self.weight,
                training=self.training,
            )

    def outputs(self, values: Sequence[Any]) -> list[Any]:
        """Returns the outputs, or the numbers before a last softmax or sigmoid where the loss is taken from those."""
        with self._scope(values):
            outputs = tree.flatten(self.model(self.x, training=self.training))
        return [keras_private.logits(o) for o in outputs]

    def gradient(self) -> np.ndarray:
        """Returns the gradient [weights]."""
        return self._flat(self._backend.value_and_gradients(self.loss, self._values)[1])

    def hessian(self, vector: np.ndarray) -> np.ndarray:
        """Returns the Hessian times a vector [weights], by differentiating the gradient along it."""
        return self._flat(self._backend.hessian_product(self.loss, self._values, self._parts(vector)))

    def gauss_newton(self, vector: np.ndarray) -> np.ndarray:
        """Returns J^T H J times a vector: J the outputs' derivative, H the loss's Hessian in the outputs."""
        values = self._values
        forward = self._backend.jacobian_product(self.outputs, values, self._parts(vector))
        bent = self._backend.hessian_product(self._data_loss, self.outputs(values), forward)
        return self._flat(self._backend.transposed_product(self.outputs, values, bent))

    def _data_loss(self, points: Sequence[Any]) -> Any:
        structure = self.model(self.x, training=self.training)
        points = [ops.add(p, 0.0) for p in points]  # tensors of our own, that may carry a mark of Keras's
        for new, old in zip(points, tree.flatten(structure), strict=True):
            keras_private.as_logits(new, old)
        packed = tree.pack_sequence_as(structure, points)
        return self.model.compute_loss(x=self.x, y=self.y, y_pred=packed, sample_weight=self.weight)

    def _parts(self, vector: np.ndarray) -> list[Any]:
        shapes = [v.shape for v in self.model.trainable_variables]
        cuts = np.cumsum([int(np.prod(shape)) for shape in shapes])[:-1]
        pieces = np.split(np.asarray(vector, np.float32), cuts)
        return [ops.convert_to_tensor(p.reshape(shape)) for p, shape in zip(pieces, shapes, strict=True)]

    def _flat(self, parts: Sequence[Any]) -> np.ndarray:
        shapes = [v.shape for v in self.model.trainable_variables]
        arrays = [
            np.zeros(shape) if p is None else np.asarray(ops.convert_to_numpy(p), np.float64)
            for p, shape in zip(parts, shapes, strict=True)
        ]
        return np.concatenate([a.ravel() for a in arrays]) if arrays else np.zeros(0)


def extremes(product: Product, size: int, seconds: float = math.inf) -> tuple[float, float]:
    """Returns the lowest and highest eigenvalue of a symmetric matrix given by its products with vectors.

    Lanczos with full reorthogonalisation (Golub and Van Loan, Matrix Computations, 10.1). It stops when
    the highest one (the lowest, when that is more than twice its size) is known to TOLERANCE; the other
    end may be rough. When the time is up the values reached are given: they lie inside the true ones.

    Raises:
        ValueError: a product is not finite.

    Example:
        >>> low, high = extremes(lambda v: np.array([-1.0, 5.0]) * v, 2)
        >>> round(low, 6), round(high, 6)
        (-1.0, 5.0)
    """
    watch, basis = Clock(seconds), [_unit(np.random.default_rng(0).normal(size=size))]
    diagonal: list[float] = []
    beside: list[float] = []
    while True:
        after = product(basis[-1])
        if not np.isfinite(after).all():
            raise ValueError("the curvature is not finite at these weights")
        diagonal.append(float(basis[-1] @ after))
        for _ in range(2):  # once is not enough in finite arithmetic (Parlett, "twice is enough")
            after = after - np.stack(basis).T @ (np.stack(basis) @ after)
        values, vectors = eigh_tridiagonal(diagonal, beside)
        norm, size_of = float(np.linalg.norm(after)), np.abs(values)
        # The highest one limits the rate; one far below the lowest in size is not waited for.
        top = len(values) - 1 if 2 * values[-1] > size_of.max() else int(size_of.argmax())
        error = norm * abs(float(vectors[-1, top]))
        enough = error <= TOLERANCE * abs(float(values[top])) or len(diagonal) >= min(size, MOST_PRODUCTS)
        if enough or norm == 0.0 or (watch.left < 0 and len(diagonal) >= LEAST_PRODUCTS):
            return float(values[0]), float(values[-1])
        beside.append(norm)
        basis.append(after / norm)


def _unit(vector: np.ndarray) -> np.ndarray:
    return vector / np.linalg.norm(vector)
