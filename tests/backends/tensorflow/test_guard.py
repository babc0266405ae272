"""What the guard measures of gradients, and how values are read between steps."""

from __future__ import annotations

import numpy as np
import pytest

keras = pytest.importorskip("keras")
import tensorflow as tf  # noqa: E402

from lossdoctor.backends.tensorflow import host_values  # noqa: E402
from lossdoctor.backends.tensorflow.guard import measure  # noqa: E402

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("shape", [(40, 12), (4096, 64), (3, 3, 128, 512), (70000,)])
@pytest.mark.parametrize("axis", [0, -1])
def test_the_share_of_zeros_is_that_of_all_entries_whatever_the_shape(shape, axis):
    """A quarter of the rows or of the units is dead; large gradients are sampled across both. The norm is exact."""
    gradient = np.moveaxis(RNG.normal(size=shape), axis, 0)
    gradient[: len(gradient) // 4] = 0.0
    gradient = np.moveaxis(gradient, 0, axis).astype("float32")
    norm, dead = measure([tf.constant(gradient)])
    assert float(norm) == pytest.approx(np.linalg.norm(gradient.ravel()), rel=1e-5)
    assert float(dead) == pytest.approx((gradient == 0).mean(), abs=0.02)


@pytest.mark.parametrize("make", [tf.Variable, keras.Variable])
def test_a_value_that_was_read_stays_as_it_was(make):
    """Also when a compiled step writes in place: what is kept of a snapshot is what was there."""
    variable = make(np.arange(6.0, dtype="float32"))
    kept = host_values.tensor(variable)
    write = tf.function(lambda: variable.assign_add(tf.ones(6)))
    write()
    write()
    assert np.array_equal(kept.numpy(), np.arange(6.0))
    assert np.array_equal(host_values.tensor(variable).numpy(), np.arange(6.0) + 2.0)
