"""The parts of the trials that need no TensorFlow: scores, limits, rows, clock."""

from __future__ import annotations

import math
import random

import numpy as np
import pytest

from lossdoctor.backends.sample import Sample
from lossdoctor.experiments.clock import Clock
from lossdoctor.experiments.rows import finite_rows, order, split
from lossdoctor.experiments.score import hits, majority, skill
from lossdoctor.experiments.stability_limits import form_of, limit_of, preconditioner


@pytest.mark.parametrize(
    ("loss", "baseline", "floor", "value"),
    [
        (0.0, 2.3, 0.0, 1.0),
        (2.3, 2.3, 0.0, 0.0),
        (1.15, 2.3, 0.0, 0.5),
        (4.6, 2.3, 0.0, -0.5),
        (230.0, 2.3, 0.0, -0.99),
        (math.nan, 2.3, 0.0, -1.0),
        (math.inf, 2.3, 0.0, -1.0),
        (0.0, 0.0, 0.0, -1.0),
        (-1.0, 0.0, -1.0, 1.0),
        (0.3, -math.inf, 0.0, -1.0),
    ],
)
def test_skill_is_0_for_the_baseline_and_1_for_a_perfect_prediction(
    loss: float, baseline: float, floor: float, value: float
) -> None:
    """It is the same for every loss, bent below 0, and -1 for what has no meaning."""
    assert skill(loss, baseline, floor) == pytest.approx(value)


def test_hits_and_majority() -> None:
    """The share of right answers for each coding, and that of the best constant answer."""
    probabilities = np.array([[0.1, 0.9], [0.8, 0.2], [0.6, 0.4]])
    assert hits(np.array([[0, 1], [1, 0], [0, 1]]), probabilities, 0.5) == pytest.approx(2 / 3)
    assert hits(np.array([1, 0, 1]), probabilities, 0.5) == pytest.approx(2 / 3)
    assert hits(np.array([0, 2, 1]), np.eye(3)[[0, 2, 2]], 0.5) == pytest.approx(2 / 3)
    assert hits(np.array([-1, 1]), np.array([[-0.3], [0.2]]), 0.0) == 1.0
    assert hits(np.array([0.0, 1.0]), np.array([[0.4], [0.6]]), 0.5) == 1.0
    assert hits(np.array([0.3, 1.7]), np.array([[0.4], [0.6]]), 0.5) is None
    assert hits(np.array([1, 1]), np.eye(2), 0.5) is None  # one class only
    assert majority(np.array([0, 0, 1])) == pytest.approx(2 / 3)
    assert majority(np.eye(4)[[0, 1, 1, 2]]) == 0.5
    assert majority(np.array([[1, 0], [1, 0], [1, 1]])) == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize(
    ("kind", "config", "limit"),
    [
        ("SGD", {}, 0.2),
        ("SGD", {"momentum": 0.9}, 0.38),
        ("SGD", {"momentum": 0.9, "nesterov": True}, 3.8 / 28),
        ("Adam", {"beta_1": 0.9}, 3.8),
        ("RMSprop", {}, 0.2),
    ],
)
def test_limits_are_where_the_iteration_on_a_quadratic_stops_shrinking(
    kind: str, config: dict, limit: float
) -> None:
    """The formula, and the optimizer's own recursion run at both sides of it."""
    assert limit_of(kind, config, 10.0) == pytest.approx(limit)
    assert form_of(kind, config)
    assert _remains(kind, config, 0.97 * limit) < 1e-3 < 1e3 < _remains(kind, config, 1.03 * limit)


def _remains(kind: str, config: dict, rate: float, curvature: float = 10.0) -> float:
    """Returns |w| after 1000 steps on curvature * w^2 / 2 from 1, with Keras's update rules."""
    w, m = 1.0, 0.0
    b = config.get("beta_1", config.get("momentum", 0.0))
    for _ in range(1000):
        g = curvature * w
        if kind == "Adam":
            m = b * m + (1 - b) * g
            w -= rate * m
        elif config.get("nesterov"):
            m = b * m - rate * g
            w += b * m - rate * g
        else:
            m = b * m - rate * g
            w += m
        if abs(w) > 1e12:
            break
    return abs(w)


@pytest.mark.parametrize(("kind", "curvature"), [("Ftrl", 1.0), ("SGD", 0.0), ("SGD", -2.0)])
def test_no_limit_without_a_formula_or_a_curvature(kind: str, curvature: float) -> None:
    """What is not known is said, not guessed."""
    with pytest.raises(ValueError, match=r"no stability limit|nothing limits"):
        limit_of(kind, {}, curvature)


def test_the_preconditioner_is_the_root_of_the_mean_square() -> None:
    """With Adam's epsilon beside it."""
    assert np.allclose(preconditioner(np.array([4.0, 0.0]), {"epsilon": 0.5}), [2.5, 0.5])


def test_rows_held_back_are_a_quarter_and_disjoint_from_the_others() -> None:
    """No row is lost, none is in both parts, and inputs stay with their targets."""
    sample = Sample({"a": np.arange(40), "b": np.arange(80).reshape(40, 2)}, np.arange(40) * 10)
    kept, held = split(sample)
    assert (kept.rows, held.rows) == (30, 10)
    assert sorted([*kept.x["a"], *held.x["a"]]) == list(range(40))
    assert np.array_equal(held.x["a"] * 10, held.y)
    assert np.array_equal(held.x["b"][:, 0], held.x["a"] * 2)
    small = Sample(np.arange(5))
    assert split(small)[1].rows == 5


@pytest.mark.parametrize(("rows", "batch", "steps"), [(192, 32, 200), (10, 3, 7), (5, 64, 4), (192, 1, 500)])
def test_every_batch_is_full_and_every_pass_sees_each_row_at_most_once(
    rows: int, batch: int, steps: int
) -> None:
    """The order is the same each time it is asked for."""
    index = order(rows, batch, steps)
    assert index.shape == (steps, min(batch, rows))
    each = rows // min(batch, rows)
    first = index[:each].ravel()
    assert len(set(first.tolist())) == first.size
    assert np.array_equal(index, order(rows, batch, steps))
    assert index.max() < rows


def test_rows_that_are_not_finite_are_left_out() -> None:
    """Unless too few would be left."""
    x = np.ones((20, 2))
    x[3, 1] = np.nan
    y = np.ones(20)
    y[5] = np.inf
    assert finite_rows(Sample(x, y)).rows == 18
    assert finite_rows(Sample(np.full((20, 2), np.nan))).rows == 20


def test_the_clock_counts_down() -> None:
    """From its making on, below 0 when over time."""
    clock = Clock(5.0, now=iter([10.0, 12.0, 16.0]).__next__)
    assert clock.spent == 2.0
    assert clock.left == -1.0


def test_the_pure_parts_draw_nothing_from_the_global_generators() -> None:
    """Splitting and ordering have generators of their own."""
    random.seed(1)
    np.random.seed(1)
    before = random.getstate(), np.random.get_state()[1].copy()
    split(Sample(np.arange(40)))
    order(40, 8, 10)
    assert random.getstate() == before[0]
    assert np.array_equal(np.random.get_state()[1], before[1])
