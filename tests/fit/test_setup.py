"""What is read off a compiled model."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.fit


@pytest.mark.parametrize(("factor", "rescaled"), [(1.0, False), (100.0, True)])
def test_a_rescaling_that_does_nothing_hides_no_activation(factor, rescaled):
    """Behind Rescaling(1.0) a sigmoid still ends at 1; behind Rescaling(100) it reaches percent."""
    import keras

    from lossdoctor.fit.setup import read_outputs

    x = keras.Input((3,))
    out = keras.layers.Rescaling(factor)(keras.layers.Dense(1, activation="sigmoid")(x))
    model = keras.Model(x, out)
    model.compile("adam", "mae")
    (output,) = read_outputs(model)
    assert output.activations == ("sigmoid",)
    assert output.rescaled is rescaled


def test_a_cell_tells_how_its_layer_reads():
    """Keras keeps the weights in the cell, and what is done with the steps in the layer around it."""
    import keras

    from lossdoctor.fit.setup import read_setup

    layers = keras.layers
    stack = [layers.Bidirectional(layers.LSTM(3, return_sequences=True)), layers.GRU(2), layers.Dense(1)]
    model = keras.Sequential([keras.Input((5,)), layers.Embedding(9, 4, mask_zero=True), *stack])
    model.compile("adam", "mse")
    found = [(layer.kind, layer.config) for layer in read_setup(model, {}).layers]
    assert [config["mask_zero"] for kind, config in found if kind == "Embedding"] == [True]
    assert [config["return_sequences"] for kind, config in found if kind == "LSTMCell"] == [True, True]
    assert {config["go_backwards"] for kind, config in found if kind == "LSTMCell"} == {True, False}
    assert [config["return_sequences"] for kind, config in found if kind == "GRUCell"] == [False]
