"""What is read off a compiled model."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.fit


@pytest.mark.parametrize(("factor", "rescaled"), [(1.0, False), (100.0, True)])
def test_a_rescaling_that_does_nothing_hides_no_activation(factor, rescaled):
    """Behind Rescaling(1.0) a sigmoid still ends at 1; behind Rescaling(100) it reaches percent."""
    import keras

    from lossdoctor.probes.setup import read_outputs

    x = keras.Input((3,))
    out = keras.layers.Rescaling(factor)(keras.layers.Dense(1, activation="sigmoid")(x))
    model = keras.Model(x, out)
    model.compile("adam", "mae")
    (output,) = read_outputs(model)
    assert output.activations == ("sigmoid",)
    assert output.rescaled is rescaled
