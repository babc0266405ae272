"""What theory says beside faults, and how outputs are paired with targets."""

from __future__ import annotations

import numpy as np
import pytest

from lossdoctor.losses.advice import advice, notes
from lossdoctor.losses.heads import heads
from lossdoctor.losses.target_summary import summarize_target
from lossdoctor.record import Data, Output, Setup, Target

RNG = np.random.default_rng(9)
ROWS = 250


def said(loss, array, units=1, metrics=(), **given):
    output = Output("o", (units,), units, (), loss, **given)
    return " ".join(advice(output, summarize_target("y", array, output), metrics))


def test_outliers_call_for_absolute_or_huber_loss():
    """One wild target under squared error is mentioned, with its distance; not under an absolute loss."""
    wild = np.append(RNG.normal(size=ROWS), 400.0)
    assert "Huber" in said("mean_squared_error", wild)
    assert str(ROWS) in said("mean_squared_error", wild)
    assert said("mean_absolute_error", wild) == ""
    assert said("mean_squared_error", RNG.normal(size=ROWS)) == ""


def test_orders_of_magnitude_call_for_logarithms():
    """Amounts over several orders of magnitude are pointed to the logarithmic error; others are not."""
    assert "logarithmic" in said("mean_squared_error", RNG.lognormal(8, 2.5, ROWS))
    assert "logarithmic" not in said("mean_squared_error", RNG.uniform(20_000, 40_000, ROWS))
    assert "logarithmic" not in said("mean_squared_logarithmic_error", RNG.lognormal(8, 2.5, ROWS))


def test_many_one_hot_classes_call_for_sparse_labels():
    """From 50 one-hot columns on, class numbers are recommended."""
    assert "sparse_categorical_crossentropy" in said(
        "categorical_crossentropy", np.eye(60)[RNG.integers(0, 60, ROWS)], 60
    )
    assert said("categorical_crossentropy", np.eye(5)[RNG.integers(0, 5, ROWS)], 5) == ""


def test_soft_labels_have_a_floor():
    """The entropy of soft labels is named as the floor; hard labels have none."""
    assert "not stuck" in said("categorical_crossentropy", RNG.dirichlet(np.ones(4), ROWS), 4)
    smoothing = {"label_smoothing": 0.2}
    rows = np.eye(4)[RNG.integers(0, 4, ROWS)]
    assert "not stuck" in said("categorical_crossentropy", rows, 4, loss_config=smoothing)
    assert "not stuck" in said("binary_crossentropy", RNG.random((ROWS, 3)), 3)
    assert said("categorical_crossentropy", rows, 4) == ""


def test_accuracy_says_nothing_about_numbers():
    """An accuracy on real targets is mentioned; on classes it is right."""
    assert "'mae'" in said("mean_squared_error", RNG.normal(size=ROWS), metrics=("accuracy",))
    assert said("binary_crossentropy", RNG.integers(0, 2, ROWS), metrics=("accuracy",)) == ""


def test_losses_that_are_rightly_negative():
    """Cosine similarity and Poisson losses below zero are explained."""
    assert "-1 at its best" in said("cosine_similarity", RNG.normal(size=(ROWS, 3)), 3)
    assert "below 0 is right" in said("poisson", RNG.poisson(20, ROWS))


@pytest.mark.parametrize("loss", ["custom:nll", None, "mean_squared_error"])
def test_nothing_known_nothing_said(loss):
    """A custom loss, none, or unseen targets give no advice."""
    output = Output("o", (1,), 1, (), loss)
    assert (
        advice(output, None if loss == "mean_squared_error" else summarize_target("y", RNG.normal(size=9)))
        == []
    )


def test_notes_speak_of_every_output():
    """The notes of a model of two outputs say which output is meant."""
    outputs = (Output("a", (1,), 1, (), "mean_squared_error"), Output("b", (1,), 1, (), "poisson"))
    wild = np.append(RNG.normal(size=ROWS), 400.0)
    seen = summarize_target("a", wild, outputs[0]), summarize_target("b", RNG.poisson(20, ROWS), outputs[1])
    first, second = notes(Setup(outputs=outputs), Data(targets=seen))
    assert first.startswith("Output 'a': One target")
    assert second.startswith("Output 'b': The Poisson loss")


def test_heads_pair_by_name_then_by_order():
    """Targets go to the output of their name, or to the one in their place; else to none."""
    outputs = (Output("a", (1,), 1), Output("b", (1,), 1))
    setup = Setup(outputs=outputs)
    by_name = heads(setup, Data(targets=(Target("b", "f", (), 1), Target("a", "f", (), 1))))
    assert [h.target.name for h in by_name] == ["a", "b"]
    in_order = heads(setup, Data(targets=(Target("target 0", "f", (), 1), Target("target 1", "f", (), 1))))
    assert [h.target.name for h in in_order] == ["target 0", "target 1"]
    assert [h.target for h in heads(setup, Data(targets=(Target("x", "f", (), 1),)))] == [None, None]


@pytest.mark.parametrize(
    ("target", "output", "columns"),
    [((), (1,), 1), ((1,), (1,), 1), ((3,), (3,), 3), ((12,), (12, 50), 1), ((12, 1), (12, 50), 1),
     ((12,), (12, 1), 1), ((8, 8), (8, 8, 3), 1), ((8, 8, 1), (8, 8, 3), 1), ((5,), (), 5), ((), (), 1)],
)  # fmt: skip
def test_columns_as_the_loss_sees_them(target, output, columns):
    """Targets with one axis less than the output have one column; else it is their last axis."""
    head = heads(Setup(outputs=(Output("o", output, 1),)), Data(targets=(Target("o", "f", target, 9),)))[0]
    assert head.columns == columns
