"""Largest curvature: against matrices whose eigenvalues are known, to 1 %."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

keras = pytest.importorskip("keras")

from lossdoctor.backends.sample import Sample  # noqa: E402
from lossdoctor.experiments import Subject  # noqa: E402
from lossdoctor.experiments.clock import Clock  # noqa: E402
from lossdoctor.experiments.curvature import Curvature, extremes  # noqa: E402
from lossdoctor.experiments.stability import measured, stability  # noqa: E402
from lossdoctor.experiments.workbench import Workbench  # noqa: E402
from lossdoctor.record import Record  # noqa: E402


@pytest.mark.parametrize("size", [1, 2, 5, 40, 300])
@pytest.mark.parametrize(("low", "high"), [(0.0, 10.0), (-1.0, 1000.0), (1e-3, 1.0), (-1e6, 1.0)])
def test_lanczos_finds_the_end_of_largest_size(size: int, low: float, high: float) -> None:
    """For random symmetric matrices with a given spectrum, to 1 %."""
    rng = np.random.default_rng(size)
    values = (
        np.array([high]) if size == 1 else np.concatenate([[low, high], rng.uniform(low, high, size - 2)])
    )
    turn, _ = np.linalg.qr(rng.normal(size=(size, size)))
    matrix = turn @ np.diag(values) @ turn.T
    found = extremes(lambda v: matrix @ v, size)
    true = np.linalg.eigvalsh(matrix)
    assert found[int(abs(true[-1]) >= abs(true[0]))] == pytest.approx(max(true, key=abs), rel=0.01)


def test_a_product_that_is_not_finite_is_said() -> None:
    """Weights beyond the range of floats have no curvature."""
    with pytest.raises(ValueError, match="not finite"):
        extremes(lambda v: v * np.nan, 3)


def linear(optimizer: Any, features: int = 12, outputs: int = 1) -> tuple[Any, Sample, np.ndarray]:
    """Returns a linear model without bias under mse, its rows, and its Hessian for one output."""
    rng = np.random.default_rng(0)
    x = (rng.normal(size=(200, features)) * np.linspace(0.3, 3, features)).astype("float32")
    y = (x @ rng.normal(size=(features, outputs))).astype("float32")
    model = keras.Sequential([keras.Input((features,)), keras.layers.Dense(outputs, use_bias=False)])
    model.compile(optimizer, "mse")
    return model, Sample(x, y), 2 * x.T @ x / len(x) / outputs


def variant_of(model: Any, sample: Sample) -> Any:
    return Workbench(model, model.get_weights(), sample).variant(())


@pytest.mark.parametrize(
    ("optimizer", "factor"),
    [
        (keras.optimizers.SGD(0.1), 2.0),
        (keras.optimizers.SGD(0.1, momentum=0.8), 3.6),
        (keras.optimizers.SGD(0.1, momentum=0.5, nesterov=True), 1.5),
    ],
)
def test_the_limit_of_a_linear_regression_is_that_of_its_hessian(optimizer: Any, factor: float) -> None:
    """2 X'X / n is known; the limit is the optimizer's factor over its largest eigenvalue."""
    model, sample, hessian = linear(optimizer)
    top = np.linalg.eigvalsh(hessian)[-1]
    found = measured(variant_of(model, sample), sample, 32)
    assert found["curvature"] == pytest.approx(top, rel=0.01)
    assert found["limit"] == pytest.approx(factor / top, rel=0.01)


@pytest.mark.parametrize(("kind", "factor"), [(keras.optimizers.Adam, 38.0), (keras.optimizers.RMSprop, 2.0)])
def test_adam_and_rmsprop_are_limited_by_the_preconditioned_curvature(kind: Any, factor: float) -> None:
    """The Hessian divided by the root of the mean squared gradient on both sides, as computed by hand."""
    model, sample, hessian = linear(kind(0.01))
    errors = keras.ops.convert_to_numpy(model(sample.x)) - sample.y
    squares = np.square((2 * errors * sample.x).mean(0))  # one batch of all rows: the same each time
    root = np.sqrt(np.sqrt(squares) + 1e-7)
    top = np.linalg.eigvalsh(hessian / np.outer(root, root))[-1]
    found = measured(variant_of(model, sample), sample, len(sample.x))
    assert found["limit"] == pytest.approx(factor / top, rel=0.02)


def test_the_penalty_on_weights_counts() -> None:
    """It bends the loss as the data do."""
    model, sample, hessian = linear("sgd")
    model.layers[0].kernel_regularizer = keras.regularizers.L2(5.0)
    found = measured(variant_of(model, sample), sample, 32)
    assert found["curvature"] == pytest.approx(np.linalg.eigvalsh(hessian)[-1] + 10.0, rel=0.01)


def test_gauss_newton_and_hessian_agree_where_the_residual_is_zero() -> None:
    """The residual's part of the Hessian is gone there."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(64, 5)).astype("float32")
    model = keras.Sequential(
        [keras.Input((5,)), keras.layers.Dense(7, activation="tanh"), keras.layers.Dense(2)]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse")
    known = Sample(x, keras.ops.convert_to_numpy(model(x)))
    curvature = Curvature(variant_of(model, known), known)
    v = rng.normal(size=curvature.size)
    assert np.allclose(curvature.hessian(v), curvature.gauss_newton(v), atol=1e-4)


def test_where_the_residual_bends_the_loss_down_the_gauss_newton_form_is_used() -> None:
    """(exp(w x) - y)^2 with y far above: the Hessian is negative, 2 exp(2 w x) x^2 is not."""
    x = np.linspace(0.5, 1.5, 32)[:, None].astype("float32")
    model = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(1, activation="exponential", use_bias=False)]
    )
    model.compile(keras.optimizers.SGD(0.1), "mse")
    sample = Sample(x, 1000 + 0 * x)
    w = float(model.get_weights()[0][0, 0])
    found = measured(variant_of(model, sample), sample, 32)
    assert found["form"].endswith("Gauss-Newton form")
    assert found["curvature"] == pytest.approx(float(np.mean(2 * np.exp(2 * w * x) * x**2)), rel=0.01)


@pytest.mark.parametrize(
    ("activation", "loss", "y"),
    [
        ("softmax", "categorical_crossentropy", np.eye(3)[np.arange(64) % 3]),
        ("softmax", "sparse_categorical_crossentropy", np.arange(64) % 3),
        ("sigmoid", "binary_crossentropy", np.eye(3)[np.arange(64) % 3]),
        ("sigmoid", "mse", np.eye(3)[np.arange(64) % 3]),
    ],
)
def test_products_are_those_of_the_matrix_of_differences(activation: str, loss: str, y: np.ndarray) -> None:
    """Hessian times vector against differences of gradients; Gauss-Newton is never negative."""
    rng = np.random.default_rng(1)
    sample = Sample(rng.normal(size=(64, 4)).astype("float32"), y.astype("float32"))
    model = keras.Sequential(
        [keras.Input((4,)), keras.layers.Dense(6, "tanh"), keras.layers.Dense(3, activation)]
    )
    model.compile("sgd", loss)
    variant = variant_of(model, sample)
    curvature = Curvature(variant, sample)
    v = rng.normal(size=curvature.size)
    weights, step = variant.model.get_weights(), 1e-2

    def gradient(side: float) -> np.ndarray:
        cuts = np.cumsum([w.size for w in weights])[:-1]
        moves = np.split(side * step * v, cuts)
        variant.model.set_weights([w + m.reshape(w.shape) for w, m in zip(weights, moves, strict=True)])
        return curvature.gradient()

    differences = (gradient(1.0) - gradient(-1.0)) / (2 * step)
    variant.model.set_weights(weights)
    assert np.allclose(curvature.hessian(v), differences, atol=2e-3)
    assert v @ curvature.gauss_newton(v) >= -1e-6


def test_batch_normalization_dropout_and_embeddings_have_products() -> None:
    """Layers with other modes in training and gathered gradients do not stand in the way."""
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            keras.layers.Embedding(20, 4),
            keras.layers.Flatten(),
            keras.layers.Dense(8),
            keras.layers.BatchNormalization(),
            keras.layers.ReLU(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy")
    rng = np.random.default_rng(0)
    sample = Sample(rng.integers(0, 20, (64, 6)), rng.integers(0, 2, 64).astype("float32"))
    found = measured(variant_of(model, sample), sample, 16)
    assert found["curvature"] > 0


def test_the_strictest_place_counts_and_the_users_model_is_not_moved() -> None:
    """With good weights kept from before a divergence, both places are looked at."""
    model, sample, hessian = linear(keras.optimizers.SGD(0.1))
    start = model.get_weights()
    subject = Subject(model, sample, start, start, good=[w + 1 for w in start], bad_batch=sample)
    found = stability(subject, Record(), Clock(30.0))
    assert found is not None
    assert found["where"] in ("initial weights", "last weights before the divergence")
    assert found["limit"] == pytest.approx(2 / np.linalg.eigvalsh(hessian)[-1], rel=0.01)
    assert all(np.array_equal(a, b) for a, b in zip(start, model.get_weights(), strict=True))
