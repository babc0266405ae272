"""Codings, counts and reference levels of targets of every kind."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.losses.target_summary import class_weights, summarize_target, summarize_targets
from lossdoctor.record import Output

RNG = np.random.default_rng(5)
SPARSE = "sparse_categorical_crossentropy"
ROWS = 200


def output(loss, *shape, **given):
    return Output("o", shape, shape[-1], (), loss, **given)


CODINGS = [
    ("integer", RNG.integers(0, 10, ROWS), None),
    ("integer", RNG.integers(1, 4, (ROWS, 1)).astype("float32"), None),
    ("integer", RNG.integers(0, 9000, (ROWS, 7)), output(SPARSE, 7, 9000)),
    ("integer", RNG.integers(0, 3, (ROWS, 4, 4, 1)), output(SPARSE, 4, 4, 3)),
    ("integer", RNG.integers(20_000, 90_000, ROWS), output(SPARSE, 10)),
    ("real", RNG.integers(20_000, 90_000, ROWS), output("mean_squared_error", 1)),
    ("real", RNG.integers(18, 90, ROWS), None),
    ("real", RNG.integers(-1, 3, ROWS), None),
    ("binary", RNG.integers(0, 2, ROWS).astype(bool), None),
    ("binary", RNG.integers(0, 2, (ROWS, 5)), output(SPARSE, 5, 2)),
    ("multi-hot", RNG.integers(0, 2, (ROWS, 5)), None),
    ("one-hot", np.eye(6)[RNG.integers(0, 6, ROWS)], None),
    ("sign", RNG.choice([-1.0, 1.0], (ROWS, 1)), None),
    ("distribution", RNG.dirichlet(np.ones(4), ROWS), None),
    ("distribution", np.eye(6)[RNG.integers(0, 6, ROWS)] * 0.94 + 0.01, None),
    ("real", RNG.normal(size=ROWS), None),
    ("real", RNG.random((ROWS, 9)), output("binary_crossentropy", 9)),
    ("constant", np.zeros((ROWS, 1)), None),
    ("text", np.array(["yes", "no"] * 9), None),
    ("empty", np.full(5, np.nan), None),
    ("empty", np.zeros((0, 3)), None),
]


@pytest.mark.parametrize(("coding", "array", "out"), CODINGS)
def test_coding(coding, array, out):
    """Each kind of target is known by its numbers, and whole numbers by the loss they go into."""
    assert summarize_target("y", array, out).coding == coding


def test_classes_are_counted():
    """Counts hold the rows of every class, and classes the units that the labels need."""
    digits = summarize_target("y", np.array([0, 2, 2, 5]))
    assert (digits.classes, digits.counts) == (6, {"0": 1, "2": 2, "5": 1})
    rows = summarize_target("y", np.eye(3)[[0, 1, 1]])
    assert (rows.classes, rows.counts) == (3, {"0": 1, "1": 2, "2": 0})
    sides = summarize_target("y", np.array([-1.0, 1.0, 1.0]))
    assert sides.counts == {"-1": 1, "1": 2}


def test_baselines_are_entropies_and_variances():
    """Balanced classes cost ln k, real targets their variance, and the floor of hard labels is 0."""
    ten = summarize_target("y", np.arange(200) % 10, output(SPARSE, 10))
    assert ten.baselines[SPARSE] == pytest.approx(np.log(10))
    assert ten.floors[SPARSE] == 0.0
    real = RNG.normal(3, 2, 500)
    assert summarize_target("y", real).baselines["mean_squared_error"] == pytest.approx(real.var())


def test_a_loss_in_use_has_its_level_whatever_the_coding():
    """An autoencoder's pixels under binary cross-entropy have a baseline and, being soft, a floor."""
    pixels = summarize_target("y", RNG.random((ROWS, 9)), output("binary_crossentropy", 9))
    assert 0.6 < pixels.baselines["binary_crossentropy"] < np.log(2)
    assert 0.45 < pixels.floors["binary_crossentropy"] < 0.55


def test_label_smoothing_lifts_the_floor():
    """The settings of the loss in use go into its levels."""
    out = output("categorical_crossentropy", 4, loss_config={"label_smoothing": 0.1})
    target = summarize_target("y", np.eye(4)[RNG.integers(0, 4, ROWS)], out)
    p = np.array([0.925, 0.025, 0.025, 0.025])
    assert target.floors["categorical_crossentropy"] == pytest.approx(-(p * np.log(p)).sum())


def test_no_level_where_the_loss_has_none():
    """Labels beyond 0 and 1 leave binary cross-entropy without a baseline rather than with a wrong one."""
    target = summarize_target("y", RNG.integers(0, 5, ROWS), output("binary_crossentropy", 1))
    assert "binary_crossentropy" not in target.baselines


def test_shares_out_of_reach():
    """The shares of targets below -1, below 0, at 0 and above 1 are counted."""
    target = summarize_target("y", np.array([-2.0, -0.5, 0.0, 0.5, 3.0]))
    assert target.shares == pytest.approx({"<-1": 0.2, "<0": 0.4, "=0": 0.2, ">1": 0.2})


def test_targets_are_named_after_their_outputs():
    """Several targets get their outputs' names, in order or by key."""
    outputs = (Output("a", (1,), 1), Output("b", (1,), 1))
    arrays = [np.zeros(3), np.ones(3)]
    assert [t.name for t in summarize_targets(arrays, outputs)] == ["a", "b"]
    assert [t.name for t in summarize_targets({"b": arrays[1], "a": arrays[0]}, outputs)] == ["b", "a"]
    assert [t.name for t in summarize_targets(arrays[:1])] == ["target"]


def test_large_targets_are_quick():
    """A sample of large images takes well under the time of an epoch."""
    import time

    images = RNG.random((64, 128, 128, 3)).astype("float32")
    start = time.perf_counter()
    summarize_target("y", images, output("binary_crossentropy", 128, 128, 3))
    assert time.perf_counter() - start < 5.0  # 0.3 s alone on one core


@pytest.mark.parametrize(
    ("targets", "weights", "wanted"),
    [
        (np.array([0, 0, 1, 1]), np.array([1.0, 3.0, 20.0, 20.0]), {"0": 2.0, "1": 20.0}),
        (np.array([[0], [1]]), np.array([[5.0], [1.0]]), {"0": 5.0, "1": 1.0}),
        (np.arange(300), np.ones(300), {}),  # no classes
        (np.zeros((4, 2)), np.ones(4), {}),  # not one target a row
        (np.array(["a", "b"]), np.ones(2), {}),
        (np.array([0, 1]), None, {}),
    ],
)
def test_weights_of_classes(targets, weights, wanted):
    """The mean weight of each class's rows, where there are classes."""
    assert class_weights(targets, weights) == wanted
