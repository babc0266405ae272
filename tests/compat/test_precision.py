"""Mixed precision and float64: the loss scale is taken out of the norms, and skipped steps stay skipped."""

from __future__ import annotations

from dataclasses import replace

import compat_models as m
import keras
import numpy as np
import pytest
from compat_check import check, cut
from compat_models import X, Y, compiled
from compat_rows import row

pytestmark = pytest.mark.fit


@pytest.fixture
def precision(request):
    """Sets the policy (or floatx) of the parameter, and puts back what was."""
    policy, floatx = keras.config.dtype_policy(), keras.config.floatx()
    if request.param == "float64":
        keras.config.set_floatx("float64")
    keras.config.set_dtype_policy(request.param)
    yield request.param
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16", "float64"], indirect=True)
@pytest.mark.parametrize("jit", [False, True])
def test_precision(precision, jit):
    """Losses and norms are those of the loop by hand, to what the precision allows; weights are the same."""
    tolerance = {"mixed_float16": 1e-2, "mixed_bfloat16": 5e-2, "float64": 1e-5}[precision]
    record = check(
        row(compiled(m.sequential, lambda: keras.optimizers.SGD(0.01), jit_compile=jit), rtol=tolerance)
    )
    assert record.setup.precision == precision


@pytest.mark.parametrize("precision", ["mixed_float16"], indirect=True)
def test_steps_that_overflow_are_skipped_as_usual(precision):
    """Where the scaled gradients overflow, Keras skips the step; so it does with us, and the report counts them."""
    x, y = X * 300, Y * 300
    fitted = row(
        compiled(m.sequential, lambda: keras.optimizers.SGD(1e-6)),
        x,
        y,
        measures="loss",
        rtol=1e-2,
        mean=False,
    )
    record = check(replace(fitted, batches=cut(x, y)))
    (event,) = (e for e in record.events if e.kind == "loss-scale")
    assert event.data["skipped"] >= 1
    assert np.isfinite(record.series["batch_loss"]).all()
