"""What is known of Keras beyond its public names, and what is left where a name is not there."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

keras = pytest.importorskip("keras")

from keras import layers  # noqa: E402

from lossdoctor import keras_private  # noqa: E402


class Own(keras.Model):
    """A subclassed model with a layer that its call leaves out."""

    def __init__(self, unused=None):
        super().__init__()
        self.out, self.unused = layers.Dense(1), unused

    def call(self, x):
        return self.out(x)


def attention():
    inputs = keras.Input((8, 4))
    return keras.Model(inputs, layers.Dense(1)(layers.MultiHeadAttention(2, 4)(inputs, inputs)))


def told_a_shape():
    model = Own()
    with pytest.warns(UserWarning, match="does not have a `build"):
        model.build((None, 4))
    return model


def called(unused=None):
    model = Own(unused)
    model(keras.ops.zeros((2, 4)))
    return model


BUILT = {
    "functional, with a dropout that is never called": (attention, True),
    "subclassed and called": (called, True),
    "subclassed, with a dropout that is never called": (lambda: called(layers.Dropout(0.1)), True),
    "subclassed, with weights still to come": (lambda: called(layers.Dense(3)), False),
    "only told its shape": (told_a_shape, False),
    "without an Input": (lambda: keras.Sequential([layers.Dense(1)]), False),
}


@pytest.mark.parametrize("name", BUILT)
def test_a_model_is_built_when_all_its_weights_are_there(name):
    make, built = BUILT[name]
    assert keras_private.is_built(make()) is built


def test_without_private_names_the_public_ones_serve():
    """What is lost stands in each docstring; nothing raises."""
    layer = SimpleNamespace(kernel="kernel", weights=[], built=True)
    bare = SimpleNamespace(layers=[layer], non_trainable_variables=["mean"], loss="mse", built=True)
    assert keras_private.all_layers(bare) == keras_private.layers(bare) == [layer]
    assert keras_private.statistics(bare) == ["mean"]
    assert keras_private.compile_config(bare) == {}
    assert keras_private.compile_loss(bare) == "mse"
    assert keras_private.kernel(layer) == "kernel"
    assert keras_private.rate_of(bare) is None
    assert keras_private.functional(bare) is None
    assert keras_private.maker(layer) is None
    assert keras_private.logits(layer) is layer
    graph = SimpleNamespace(inputs=[1], outputs=[2])
    assert keras_private.structures(graph) == ([1], [2])


def test_a_tensor_tells_who_made_it_and_of_what():
    inputs = keras.Input((4,))
    dense = layers.Dense(2)
    output = dense(inputs)
    operation, index, took = keras_private.maker(output)
    assert (operation, index) == (dense, 0)
    assert took[0] is inputs
