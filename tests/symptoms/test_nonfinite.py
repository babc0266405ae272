"""NaN and inf wherever they come from."""

from __future__ import annotations

import numpy as np
import pytest
from record_factory import HEALTHY, bare, inputs, run, sampled, speaks

from lossdoctor.record import Activity, Data, Event, Record
from lossdoctor.symptoms import DETECTORS

NAN, INF = np.nan, np.inf
STEPS = np.arange(20)
BROKEN = np.where(STEPS >= 6, NAN, 4.1)
FINE = np.ones(20)
HOLES = Data(inputs=(inputs([0, 0], 1, nonfinite=3, bad_columns=(1,), bad_rows=(7,)),))


def scaled(skipped: int) -> Record:
    """A run of 20 steps of which loss scaling skipped so many."""
    return run(FINE, events=(Event("loss-scale", "", data={"skipped": skipped}),))


SPEAKS = [
    ("step-raised", Record(stopped="error: InvalidArgumentError"), 0, ("step 1", "InvalidArgumentError")),
    ("loss-non-finite", run(BROKEN, epochs=2), 6, ("NaN at epoch 1, step 7", "4.1 one step earlier")),
    ("loss-non-finite", bare([1.0, -INF]), 1, ("-inf in epoch 2",)),
    ("gradient-non-finite", run(FINE, series={"grad_norm": BROKEN}), 6, ("step 7", "loss was 1")),
    ("validation-non-finite", bare([1.0, 0.5], val_loss=[NAN, NAN]), 0, ("NaN in epoch 1", "loss was 1")),
    ("validation-non-finite", bare([1.0, 0.5], val_loss=[1.0, INF]), 1, ("inf in epoch 2",)),
    ("steps-skipped", scaled(15), 0.75, ("15 of 20", "75%")),
    ("data-non-finite", Record(data=HOLES), 3, ("3 of 512 input values", "column 1", "row 7")),
    ("data-non-finite", run(FINE, series={"target_rms": BROKEN}), 14, ("targets of step 7", "14 of 20")),
    ("weights-non-finite", sampled(1, [[1, 1], [1, NAN]], 1), 0.5, ("1 of 2", "b/kernel")),
    (
        "weights-non-finite",
        Record(activity=(Activity("dense", "Dense", None, "final", nonfinite=0.1),)),
        1.0,
        ("first dense",),
    ),
]
SILENT = [
    ("step-raised", Record(stopped="error: fit was left early")),
    *((name, HEALTHY["noise of sigma 0.5"]) for name in ("loss-non-finite", "gradient-non-finite")),
    ("loss-non-finite", run(np.full(20, 1e30))),
    ("gradient-non-finite", run(BROKEN, series={"grad_norm": BROKEN})),  # the loss says it
    ("gradient-non-finite", run([1.0, INF, *FINE[2:]], series={"grad_norm": BROKEN})),  # and said it before
    ("validation-non-finite", bare([1.0, 0.5, 0.4], val_loss=[NAN, 0.5, NAN])),  # validation_freq=2
    ("validation-non-finite", bare([NAN, NAN], val_loss=[NAN, NAN])),
    ("steps-skipped", scaled(0)),
    ("data-non-finite", Record(data=Data(inputs=(inputs([0, 0], 1),)))),
    ("data-non-finite", run(FINE, series={"target_rms": np.full(20, NAN)})),  # never measured
    ("weights-non-finite", sampled(1, [[1, 1], [1, 1e30]], 1)),
]


def test_a_few_skipped_steps_do_not_alarm():
    """Two skipped steps are the normal start of loss scaling, fifteen of twenty a dead run."""
    assert [DETECTORS["steps-skipped"](scaled(n)).alarming for n in (2, 15)] == [False, True]


@pytest.mark.parametrize(
    ("broken", "first"), [("input_rms", "input"), ("target_rms", "target"), (None, "loss")]
)
def test_what_broke_first(broken, first):
    """The symptom names what was non-finite in the step in which the loss broke."""
    record = run(BROKEN, series={broken: BROKEN} if broken else {})
    assert DETECTORS["loss-non-finite"](record).details["first"] == first


def test_a_gradient_that_broke_one_step_earlier_came_first():
    """A NaN gradient spoils the weights, and these the next loss."""
    record = run(BROKEN, series={"grad_norm": np.where(STEPS >= 5, NAN, 1.0)})
    assert DETECTORS["loss-non-finite"](record).details["first"] == "gradient"


@pytest.mark.parametrize(("name", "record", "value", "words"), SPEAKS, ids=[case[0] for case in SPEAKS])
def test_speaks(name, record, value, words):
    """Where it shows, the detector gives its number and says it."""
    speaks(name, record, value, words)


@pytest.mark.parametrize(("name", "record"), SILENT, ids=[case[0] for case in SILENT])
def test_near_miss(name, record):
    """Close to it, the detector keeps silent."""
    assert DETECTORS[name](record) is None


@pytest.mark.parametrize("stopped", ["finished", "interrupted", "error: fit was left early", "running"])
def test_an_end_that_is_no_error_of_the_step_is_no_symptom(stopped):
    """Ctrl-C and errors of other callbacks say nothing about the training."""
    assert DETECTORS["step-raised"](Record(stopped=stopped)) is None
