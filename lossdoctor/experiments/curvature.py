"""Curvature: products with the Hessian or Gauss-Newton matrix of a loss, and the largest eigenvalue."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from keras import tree
from scipy.linalg import eigh_tridiagonal

from lossdoctor import keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.workbench import Variant, tensor

Product = Callable[[np.ndarray], np.ndarray]
# Relative residual asked of the largest eigenvalue; its own error is of second order in that, below 1 %.
TOLERANCE = 0.02
MOST_PRODUCTS, LEAST_PRODUCTS = 48, 5  # before the fifth product the value is no more than a guess


class Curvature:
    """The second derivative of a variant's loss on rows, with respect to its trainable variables.

    Rows are read in inference mode, so that dropout does not make each product another one; models with
    BatchNormalization in training mode, because its moving averages mean nothing at the start of a run.
    """

    def __init__(self, variant: Variant, rows: Sample) -> None:
        self.model = variant.model
        self.variables = [v.value for v in self.model.trainable_variables]
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
        return int(sum(np.prod(v.shape) for v in self.variables))

    def loss(self, outputs: Any) -> Any:
        return keras_private.loss_of(
            self.model, x=self.x, y=self.y, y_pred=outputs, sample_weight=self.weight, training=self.training
        )

    def gradient(self) -> np.ndarray:
        """Returns the gradient [weights]."""
        with tf.GradientTape() as tape:
            loss = self.loss(self.model(self.x, training=self.training))
        return self._flat(tape.gradient(loss, self.variables))

    def hessian(self, vector: np.ndarray) -> np.ndarray:
        """Returns the Hessian times a vector [weights], by differentiating the gradient along it."""
        parts = self._parts(vector)
        with tf.GradientTape() as outer:
            with tf.GradientTape() as inner:
                loss = self.loss(self.model(self.x, training=self.training))
            gradients = inner.gradient(loss, self.variables)
            along = _dot(gradients, parts)
        return self._flat(outer.gradient(along, self.variables))

    def gauss_newton(self, vector: np.ndarray) -> np.ndarray:
        """Returns J^T H J times a vector: J the outputs' derivative, H the loss's Hessian in the outputs.

        Outputs are the numbers before a last softmax or sigmoid where the loss is taken from those.
        """
        parts = self._parts(vector)
        with tf.GradientTape(persistent=True) as tape:
            outputs = tree.flatten(self.model(self.x, training=self.training))
            outputs = [keras_private.logits(o) for o in outputs]
            zeros = [tf.zeros_like(o) for o in outputs]
            tape.watch(zeros)
            back = tape.gradient(outputs, self.variables, output_gradients=zeros)
            along = _dot(back, parts)
        forward = tape.gradient(along, zeros)  # J v: the derivative of J^T u . v in u
        bent = self._loss_bend(outputs, forward)
        return self._flat(tape.gradient(outputs, self.variables, output_gradients=bent))

    def _loss_bend(self, outputs: Sequence[Any], direction: Sequence[Any]) -> list[Any]:
        points = [tf.identity(o) for o in outputs]
        given = [tf.zeros_like(p) if d is None else d for p, d in zip(points, direction, strict=True)]
        with tf.GradientTape() as outer:
            outer.watch(points)
            with tf.GradientTape() as inner:
                inner.watch(points)
                loss = self._data_loss(points)
            along = _dot(inner.gradient(loss, points), given)
        return [
            tf.zeros_like(p) if g is None else g
            for p, g in zip(points, outer.gradient(along, points), strict=True)
        ]

    def _data_loss(self, points: list[Any]) -> Any:
        structure = self.model(self.x, training=self.training)
        for new, old in zip(points, tree.flatten(structure), strict=True):
            keras_private.as_logits(new, old)
        packed = tree.pack_sequence_as(structure, points)
        return self.model.compute_loss(x=self.x, y=self.y, y_pred=packed, sample_weight=self.weight)

    def _parts(self, vector: np.ndarray) -> list[Any]:
        cuts = np.cumsum([int(np.prod(v.shape)) for v in self.variables])[:-1]
        pieces = np.split(np.asarray(vector, np.float32), cuts)
        return [tf.reshape(tf.constant(p), v.shape) for p, v in zip(pieces, self.variables, strict=True)]

    def _flat(self, parts: Sequence[Any]) -> np.ndarray:
        dense = [
            np.zeros(v.shape, np.float32) if p is None else tf.convert_to_tensor(p).numpy()
            for p, v in zip(parts, self.variables, strict=True)
        ]
        return np.concatenate([d.ravel() for d in dense]).astype(np.float64)


def _dot(left: Sequence[Any], right: Sequence[Any]) -> Any:
    pairs = [(a, b) for a, b in zip(left, right, strict=True) if a is not None]
    return tf.add_n([tf.reduce_sum(tf.convert_to_tensor(a) * tf.cast(b, a.dtype)) for a, b in pairs])


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
