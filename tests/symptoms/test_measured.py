"""What the experiments at the end of a fit found: where it shows, and near misses."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from record_factory import speaks

from lossdoctor.record import Activity, Data, Record, Setup, Target
from lossdoctor.symptoms import DETECTORS


def measured(**experiments) -> Record:
    return Record(experiments=experiments)


def constant(model: float, best: float = 1.0, error: float = 0.01) -> Record:
    return measured(constant_answer={"constant": best, "model": model, "error": error})


# The loss in its outputs, as `direction` and `reach` give it, one result an output.

GOOD = {
    "differentiable": True, "silent_model": 0.1, "silent_random": 0.0, "silent_constant": 0.0, "comparable": True,
    "linear": False, "trend_constant": "falls", "trend_model": "falls", "pull": 0.9, "from_constant": [1.0, 0.5, 0.0],
}  # fmt: skip
SILENT_LOSS = {"silent_model": 1.0, "silent_random": 1.0, "silent_constant": 1.0}
RISES = {"trend_constant": "rises", "trend_model": "rises", "pull": -1.0, "from_constant": [1.0, 2.0, 4.0]}


def directed(**changes) -> Record:
    return measured(
        direction={"out": GOOD | changes, "not_measured": "the loss of the output 'aux' is unknown"}
    )


def reached(**changes) -> Record:
    usual = {"comparable": True, "outside": 0.4, "one_entry": 0.1, "low": 0.0, "high": 1.0,
             "target_low": -3.0, "target_high": 3.0}  # fmt: skip
    return measured(reach={"out": usual | changes})


BROKEN = {"finite": False, "loss": 0.7, "confidence": "named", "operation": "sqrt", "operand": 0.0, "place": "loss",
          "row": 4, "behind_where": True, "nan_targets": False}  # fmt: skip
CUT = {"finite": True, "outputs_reached": False, "cut": ("dense/kernel", "dense/bias"), "flat": ()}


def rows(losses: list[float], infeasible: tuple[int, ...]) -> Record:
    found = {
        "infeasible": infeasible,
        "reference": 0.1,
        "rows": [{"row": r, "lowest": 8.0} for r in infeasible],
    }
    return measured(infeasible_rows=found, row_losses={"losses": losses})


def pairs(true: float, permuted: float, fitted: float = 0.1) -> Record:
    return measured(pairs={"true": true, "permuted": permuted, "fitted": fitted, "constant": 1.0})


# The model in its two modes, its outputs, the order of its data.

LAYER = {"layer": "normalization", "momentum": 0.999, "updates_needed": 1000.0, "distance": 3.0}


def modes(training: float = 0.2, inference: float = 1.8, *, best: float = 1.0, **changes) -> Record:
    found = {"training_loss": training, "inference_loss": inference, "gap_error": 0.01, "batch_size": 32, "layers": [LAYER],
             "explains": "statistics", "training_accuracy": 0.95, "inference_accuracy": 0.3} | changes  # fmt: skip
    return measured(two_modes=found, constant_answer={"constant": best, "model": inference, "error": 0.01})


def latents(*found: tuple[int, float]) -> Record:
    each = [{"name": f"z{i}", "width": 8, "active": a, "information": n} for i, (a, n) in enumerate(found)]
    return measured(collapse={"latents": each, "outputs": []})


FLAT = {"name": "out", "spread": 1e-5, "start": 0.4, "ratio": 2.5e-5, "targets": None, "nonfinite": False}


def outputs(*changes: dict, first: str | None = None) -> Record:
    return measured(collapse={"outputs": [FLAT | c for c in changes], "latents": None, "first": first})


def scaling(out: float, *, given: float = 0.6, kind: str = "Rescaling", when: str = "final") -> Record:
    return Record(activity=(Activity("rescaling", kind, None, when, mean=0.0, std=out, input_scale=given),))


def weights(by_class: dict[str, float], counts: dict[str, int]) -> Record:
    target = Target("y", "int32", (), sum(counts.values()), counts=counts)
    return Record(data=Data(targets=(target,), class_weights=by_class, weighted=True))


def order(**changes) -> Record:
    usual = {"rows": 256.0, "repeated": 0.0, "runs": 1.0, "pure_batches": 0.0, "pure_by_chance": 0.01}
    return measured(data_order=usual | changes)


def restarted(times: int) -> Record:
    return Record(setup=Setup(earlier_updates=120, optimizer_restarts=times))


SPEAKS = [
    ("no-better-than-constant", constant(0.99), 0.01, ("is 0.99", "no better than", "(1)")),
    ("no-better-than-constant", constant(2.0), -0.5, ("is 2,", "worse than", "(1)")),
    ("no-better-than-constant", constant(0.7, error=0.2), 0.3, ("no better than",)),  # within two standard errors
    ("better-than-constant", constant(0.2), 0.8, ("is 0.2;", "costs 1.")),
    ("better-than-constant", constant(-3.0, -1.0), 2 / 3, ("is -3;", "costs -1.")),
    ("loss-without-gradient", directed(differentiable=False), 1.0, ("no gradient", "'out'")),
    ("loss-without-gradient", directed(**SILENT_LOSS), 1.0, ("100% of the rows", "'out'", "random outputs")),
    ("loss-wrong-way", directed(**RISES), 3.0, ("from 1 to 4", "'out'", "sign is wrong")),
    ("targets-out-of-reach", reached(), 0.4, ("40%", "'out'", "(0 to 1)", "from -3 to 3")),
    ("targets-out-of-reach", reached(high=None), 0.4, ("(at least 0)",)),
    ("targets-out-of-reach", reached(low=None), 0.4, ("(at most 1)",)),
    ("gradient-broken-at", measured(gradient_path=BROKEN), 1.0, ("finite (0.7)", "sqrt at 0 in the loss", "row 5")),
    (
        "gradient-broken-at",
        measured(gradient_path=BROKEN | {"confidence": "located", "operation": None, "place": "dense", "loss": None}),
        0.5,
        ("The loss of the batch is not finite", "an operation in the layer 'dense'"),
    ),
    ("gradient-cut", measured(gradient_path=CUT), 2.0, ("no variable", "dense/kernel")),
    ("rows-infeasible", rows([0.1, 9.0, 0.1, 9.0], (1, 3)), 0.989, ("2 of the worst", "row 2", "above 8", "rows: 0.1")),
    ("rows-infeasible", rows([0.1, math.inf], (1,)), 1.0, ("1 of the worst rows",)),
    ("pairs-unrelated", pairs(1.3, 1.32), 0.02, ("loss of 1.3", "targets 1.32", "baseline: 1")),
    ("modes-differ", modes(), 2.0, ("0.2 in training mode", "1.8 in inference", "0.95 and 0.30")),
    ("modes-differ", modes(inference=math.inf, gap_error=None), math.inf, ("inf in inference mode",)),
    ("rows-depend", measured(independence={"rows_inference": 0.4}), 0.4, ("40.0%",)),
    ("latents-unused", latents((0, 0.01), (0, 0.02)), 0.01, ("8 latent numbers", "'z0'")),
    ("outputs-collapsed", outputs({}, first="dense_3"), 2.5e-5, ("'out'", "1e-05", "0.4", "from 'dense_3' on")),
    ("outputs-collapsed", outputs({"targets": 1e-4}), 2.5e-5, ("'out'",)),
    ("scaled-twice", scaling(0.002), 0.002, ("rescaling", "size 0.6", "gives out 0.002")),
    ("classes-weightless", weights({"0": 0.0, "1": 1.0}, {"0": 60, "1": 40}), 0.6, ("class 0", "60%")),
    ("classes-weightless", weights({"0": 0.0, "1": 2.0, "2": 0.0}, dict.fromkeys("012", 30)), 2 / 3, ("classes 0, 2",)),
    ("optimizer-restarted", restarted(2), 2.0, ("120 updates", "before 1 other:")),
    ("optimizer-restarted", restarted(5), 5.0, ("before 4 others:",)),
    ("order-sorted", order(runs=20.0, pure_batches=0.9), 20.0, ("90%", "chance: 1%")),
    ("batches-repeat", order(repeated=1.0), 1.0, ("100%", "first 256 rows")),
]  # fmt: skip
SILENT = [
    ("no-better-than-constant", constant(0.9)),
    ("no-better-than-constant", constant(math.nan)),
    ("no-better-than-constant", constant(0.0, 0.0)),  # nothing to learn: both are 0
    ("better-than-constant", constant(0.92)),
    ("better-than-constant", constant(0.7, error=0.1)),
    ("better-than-constant", constant(0.2, math.inf)),
    ("loss-without-gradient", directed()),
    ("loss-without-gradient", directed(silent_model=1.0, silent_random=0.7, silent_constant=0.5)),  # a hinge that is met
    ("loss-without-gradient", measured(direction={"not_measured": "the outputs are no arrays"})),
    ("loss-wrong-way", directed(**RISES | {"trend_model": "falls", "pull": 0.2})),
    ("loss-wrong-way", directed(**RISES | {"pull": 0.6})),  # rises at first, and still pulls to the targets
    ("loss-wrong-way", directed(**RISES | {"comparable": False})),
    ("targets-out-of-reach", reached(outside=0.01)),  # a few far ones are outliers
    ("targets-out-of-reach", reached(one_entry=1.0)),  # class numbers under scores that are no classes
    ("targets-out-of-reach", reached(comparable=False)),
    ("gradient-broken-at", measured(gradient_path=BROKEN | {"finite": True})),
    ("gradient-broken-at", measured(gradient_path=BROKEN | {"confidence": "none"})),
    ("gradient-cut", measured(gradient_path=CUT | {"outputs_reached": True})),
    ("gradient-cut", measured(gradient_path=CUT | {"cut": ()})),
    ("gradient-cut", measured(gradient_path=CUT | {"finite": False})),
    ("rows-infeasible", rows([0.1, 9.0], ())),
    ("rows-infeasible", rows([], (1,))),  # of another sample than the losses
    ("pairs-unrelated", pairs(1.0, 1.3)),  # the true pairs do tell more
    ("pairs-unrelated", pairs(0.5, 0.5)),  # any pairs tell something: no matter of the pairing
    ("modes-differ", modes(inference=0.3)),
    ("modes-differ", modes(explains="dropout")),
    ("modes-differ", modes(layers=[])),
    ("modes-differ", modes(0.95, 2.0)),  # learned nothing in training mode either
    ("modes-differ", modes(best=math.nan)),
    ("rows-depend", measured(independence={"rows_inference": 1e-6})),
    ("rows-depend", measured(independence={"rows_inference": None})),
    ("latents-unused", latents((0, 0.01), (3, 2.0))),
    ("latents-unused", latents((0, 0.5))),
    ("latents-unused", latents()),
    ("outputs-collapsed", outputs({}, {"spread": 0.3, "ratio": 0.8})),
    ("outputs-collapsed", outputs({"targets": 0.5, "spread": 0.2, "ratio": 0.5})),
    ("outputs-collapsed", outputs({"spread": 5e-3, "start": 5e-3, "ratio": 1.0})),  # as near to each other at the start
    ("scaled-twice", scaling(0.6, given=150.0)),  # bytes, scaled once
    ("scaled-twice", scaling(0.3)),
    ("scaled-twice", scaling(0.002, kind="Dense")),  # a small output of trained weights
    ("scaled-twice", scaling(0.002, when="initial")),
    ("classes-weightless", weights({"0": 0.1, "1": 1.0}, {"0": 60, "1": 40})),
    ("classes-weightless", weights({"0": 0.0, "1": 1.0}, {"0": 1, "1": 99})),  # rows of a class to be left out
    ("classes-weightless", weights({"0": 0.0, "1": 0.0}, {"0": 60, "1": 40})),
    ("optimizer-restarted", restarted(1)),  # a second phase under a new optimizer, as in fine-tuning
    ("order-sorted", order(runs=3.0, pure_batches=0.9)),  # one class fills batches by its number alone
    ("order-sorted", order(runs=20.0, pure_batches=0.2)),
    ("batches-repeat", order(repeated=0.3)),
]  # fmt: skip


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None


@pytest.mark.parametrize("name", sorted({case[0] for case in SPEAKS}))
def test_not_measured_is_silent(name):
    """Without its experiment a detector says nothing, and its sentence survives the file."""
    assert DETECTORS[name](Record()) is None
    record = next(case[1] for case in SPEAKS if case[0] == name)
    assert DETECTORS[name](Record.from_json(record.to_json())).text == DETECTORS[name](record).text


@pytest.mark.parametrize(("share", "alarming"), [(9.0, True), (0.3, False)])
def test_infeasible_rows_alarm_when_they_carry_the_loss(share, alarming):
    """One row of many that cannot be fitted is a fact; rows that carry the loss are what is wrong."""
    record = rows([1.0, share, 1.0, 1.0], (1,))
    assert DETECTORS["rows-infeasible"](record).alarming is alarming


def test_a_wrong_sign_is_named_at_its_output():
    """Of several outputs the one whose loss rises is named."""
    record = directed()
    found = {"good": GOOD, "bad": GOOD | RISES}
    assert DETECTORS["loss-wrong-way"](replace(record, experiments={"direction": found})).where == "bad"
