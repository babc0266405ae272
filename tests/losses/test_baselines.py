"""Every number of the table against the real Keras losses."""

from __future__ import annotations

import inspect

import numpy as np
import pytest

from lossdoctor.losses import LOSSES

keras = pytest.importorskip("keras")
RNG = np.random.default_rng(7)


def softmax(z):
    e = np.exp(z - z.max(-1, keepdims=True))
    return e / e.sum(-1, keepdims=True)


ONE_HOT = np.eye(4)[RNG.choice(4, 60, p=[0.1, 0.2, 0.3, 0.4])]
SKEWED = np.eye(3)[RNG.choice(3, 60, p=[0.7, 0.2, 0.1])]
SOFT = softmax(RNG.normal(size=(60, 5)))
BINARY = (RNG.random((61, 1)) < 0.3).astype(float)
MULTI = (RNG.random((60, 3)) < [0.1, 0.5, 0.8]).astype(float)
PIXELS = RNG.random((40, 6))
REAL = RNG.normal(size=(51, 3)) * [1, 5, 0.1] + [0, 10, -3]
HEAVY = np.concatenate([RNG.normal(size=(60, 1)), [[300.0], [-80.0]]])
COUNTS = RNG.poisson([0.5, 4.0], size=(70, 2)).astype(float)
INTEGERS = RNG.integers(0, 6, 80)
ANY = {"real": REAL, "heavy": HEAVY, "counts": COUNTS, "binary": BINARY, "one-hot": ONE_HOT}
YES_NO = {"binary": BINARY, "multi-hot": MULTI, "pixels": PIXELS, "one-hot": ONE_HOT}
ROWS = {"one-hot": ONE_HOT, "skewed": SKEWED, "soft": SOFT}
SIDES = {"sign": 2 * BINARY - 1, "binary": BINARY, "multi-hot": MULTI, "shifted": BINARY + 1}
TARGETS = {
    "mean_squared_error": ANY, "mean_absolute_error": ANY, "huber": ANY, "log_cosh": ANY,
    "mean_absolute_percentage_error": {"real": REAL, "heavy": HEAVY},
    "mean_squared_logarithmic_error": {"counts": COUNTS, "negative": REAL},
    "poisson": {"counts": COUNTS, "binary": BINARY},
    "cosine_similarity": {"real": REAL, "one-hot": ONE_HOT, "zeros": np.array([[0.0, 0.0], [1.0, 1.0]])},
    "binary_crossentropy": YES_NO, "binary_focal_crossentropy": YES_NO,
    "categorical_crossentropy": {**ROWS, "multi-hot": MULTI[MULTI.sum(1) > 0]},
    "categorical_focal_crossentropy": ROWS, "kl_divergence": ROWS,
    "sparse_categorical_crossentropy": {"integer": INTEGERS, "sequence": INTEGERS.reshape(20, 4)},
    "hinge": SIDES, "squared_hinge": SIDES, "categorical_hinge": {"one-hot": ONE_HOT, "skewed": SKEWED},
}  # fmt: skip
CONFIGS = {
    "huber": {"delta": 3.0},
    "binary_crossentropy": {"label_smoothing": 0.2},
    "binary_focal_crossentropy": {"gamma": 1.5, "alpha": 0.7, "apply_class_balancing": True},
    "categorical_crossentropy": {"label_smoothing": 0.1},
    "categorical_focal_crossentropy": {"gamma": 3.0, "alpha": 0.5},
    "sparse_categorical_crossentropy": {"ignore_class": 2},
}
CASES = [
    pytest.param(name, targets, config, id=f"{name}-{kind}-{'set' if config else 'default'}")
    for name, kinds in TARGETS.items()
    for kind, targets in kinds.items()
    for config in ({}, CONFIGS.get(name))
    if config is not None
]


def keras_loss(name, targets, outputs, config):
    kind = next(c for c in vars(keras.losses).values() if isinstance(c, type) and snake(c.__name__) == name)
    if "dtype" not in inspect.signature(kind).parameters:
        pytest.skip(f"the losses of Keras {keras.__version__} compute in float32 only")
    return float(kind(**config, dtype="float64")(targets, outputs))


def snake(name):
    head = name.replace("KLD", "KlD")
    return "".join("_" + c.lower() if c.isupper() else c for c in head).lstrip("_")


def constant_rows(targets, constant, name):
    rows = targets.shape if name.startswith("sparse") else targets.shape[:-1]
    return np.broadcast_to(constant, (*rows, len(constant))).copy()


@pytest.mark.parametrize(("name", "targets", "config"), CASES)
def test_baseline_is_keras_loss_of_the_best_constant(name, targets, config):
    """The baseline is what Keras computes for the constant that the table names."""
    best = LOSSES[name].best(targets, config)
    outputs = constant_rows(targets, best.constant, name)
    assert keras_loss(name, targets, outputs, config) == pytest.approx(best.loss, rel=1e-5, abs=2e-6)


@pytest.mark.parametrize(("name", "targets", "config"), CASES)
def test_no_other_constant_is_better(name, targets, config):
    """No constant near to or far from the table's has a lower loss in Keras."""
    best = LOSSES[name].best(targets, config)
    needs = LOSSES[name].needs
    for scale in (0.003, 0.1, 1.0):
        for _ in range(4):
            other = best.constant + scale * RNG.normal(size=best.constant.shape)
            if needs == "simplex":
                other = softmax(np.log(best.constant + 1e-9) + scale * RNG.normal(size=best.constant.shape))
            if needs in ("probability", "positive"):
                other = np.clip(other, 1e-6, 1 - 1e-6 if needs == "probability" else None)
            outputs = constant_rows(targets, other, name)
            assert keras_loss(name, targets, outputs, config) >= best.loss - 2e-6 * (1 + abs(best.loss))


def perfect_outputs(name, targets):
    """The outputs of a model that knows each target."""
    if name.startswith("sparse"):
        return np.eye(int(targets.max()) + 1)[targets]
    if "hinge" in name:
        return (np.where(targets > 0.5, 1.0, -1.0) if targets.min() < 1 else targets) * 1.0
    if name == "poisson":
        return np.maximum(targets, 1e-9)
    if LOSSES[name].needs == "simplex":
        return targets / targets.sum(-1, keepdims=True)
    return targets


@pytest.mark.parametrize(("name", "targets", "config"), CASES)
def test_floor_is_reached_by_the_perfect_model_and_by_no_other(name, targets, config):
    """A model that knows each target has the floor as its loss, up to Keras's clipping at 1e-7."""
    floor = LOSSES[name].floor(targets, config)
    smoothing = config.get("label_smoothing", 0.0)
    middle = 1 / targets.shape[-1] if "categorical" in name else 0.5
    wanted = targets * (1 - smoothing) + smoothing * middle if smoothing else targets
    outputs = perfect_outputs(name, wanted)
    reached = keras_loss(name, targets, outputs, config)
    tolerance = 2e-6 * (1 + abs(floor))
    if "focal" in name and not np.isin(targets, (0, 1)).all():
        assert reached >= floor - tolerance  # the focal optimum of a soft label lies nearer to one half
    else:
        assert reached == pytest.approx(floor, abs=tolerance)
    assert floor <= LOSSES[name].baseline(targets, config) + tolerance


@pytest.mark.parametrize("name", ["binary_focal_crossentropy", "categorical_focal_crossentropy"])
def test_focal_floor_against_a_search(name):
    """For soft labels the focal floor is the smallest loss that a random search over outputs finds."""
    rows = SOFT[:3] if "categorical" in name else PIXELS[:3, :2]
    best = np.full(rows.shape[:1], np.inf)
    for _ in range(20_000):
        other = RNG.random(rows.shape)
        other = other / other.sum(-1, keepdims=True) if "categorical" in name else other
        best = np.minimum(best, focal(name, rows, other))
    floor = LOSSES[name].floor(rows)
    assert floor <= best.mean() + 1e-9
    assert floor == pytest.approx(best.mean(), rel=0.1)


def focal(name, y, p):
    """The focal losses of rows, written out from Lin et al. 2017 as Keras takes them."""
    if "categorical" in name:
        return -(0.25 * y * (1 - p) ** 2 * np.log(p)).sum(-1)
    miss = 1 - (y * p + (1 - y) * (1 - p))
    return (miss**2 * -(y * np.log(p) + (1 - y) * np.log(1 - p))).mean(-1)
