"""MirroredStrategy over logical CPU devices: one report, with the numbers of the whole batch."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from versions import TENSORFLOW

from lossdoctor.backends.tensorflow.replicas import SINCE

pytestmark = pytest.mark.fit

measured = pytest.mark.skipif(
    TENSORFLOW < SINCE, reason="not measured in this TensorFlow, as the report says"
)


@pytest.fixture(scope="module", params=[2, 4])
def found(request):
    """What distributed.py printed for so many replicas."""
    script = Path(__file__).with_name("distributed.py")
    run = subprocess.run(
        [sys.executable, script, str(request.param)], capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr[-3000:]
    return json.loads(run.stdout.splitlines()[-1])


def test_training_is_the_same(found):
    """Weights and logs are, bit for bit, those of the distributed run without us."""
    assert found["many"]["same"]
    assert found["one"]["same"]


@measured
def test_numbers_are_those_of_one_device(found):
    """Batch loss, penalty, rows, scales and global gradient norm equal those of one device."""
    one, many = found["one"]["series"], found["many"]["series"]
    for name in one:
        np.testing.assert_allclose(many[name], one[name], rtol=1e-4, atol=1e-6, err_msg=name)


@measured
def test_nothing_else_is_left_unchecked(found):
    """The report of a distributed run says no more and no less than that of one device."""
    assert found["many"]["unchecked"] == found["one"]["unchecked"]


@pytest.mark.skipif(TENSORFLOW >= SINCE, reason="measured in this TensorFlow")
def test_an_old_tensorflow_is_said_not_to_be_measured(found):
    """Where the numbers of several replicas cannot be had, the report says so, and training goes on."""
    assert any("before TensorFlow" in text for text in found["many"]["unchecked"])


def test_an_exception_in_the_middle(found):
    """fit that raises under a strategy leaves a report and a clean model."""
    assert found["interrupted"]["steps"] == (3 if TENSORFLOW >= SINCE else 0)
    assert found["interrupted"]["stopped"].startswith("error")
    assert found["interrupted"]["left"] == []


def test_loss_scaling_is_said_not_to_be_measured(found):
    """Under mixed_float16 and a strategy there are no norms rather than wrong ones, and the report says so."""
    if "loss scaled" not in found:
        pytest.skip("asked of two replicas only")
    assert found["loss scaled"]["same"]
    assert found["loss scaled"]["norms"] == 0
    assert any("under a tf.distribute strategy" in text for text in found["loss scaled"]["unchecked"])
