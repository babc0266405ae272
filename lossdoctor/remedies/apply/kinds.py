"""Which layer is of what kind: those that only bend (activations), that only pass on, that hold weights."""

from __future__ import annotations

from typing import Any

import keras

_layers = keras.layers
ACTIVATIONS = (
    _layers.Activation,
    _layers.Softmax,
    _layers.ReLU,
    _layers.LeakyReLU,
    _layers.PReLU,
    _layers.ELU,
)
# What may stand between the last weights and the output without changing what an activation is for.
PASSING = (
    _layers.Reshape,
    _layers.Flatten,
    _layers.Dropout,
    _layers.Rescaling,
    _layers.Permute,
    _layers.GlobalAveragePooling1D,
    _layers.GlobalAveragePooling2D,
    _layers.Identity,
)
RECURRENT = (_layers.LSTM, _layers.GRU, _layers.SimpleRNN, _layers.Bidirectional, _layers.RNN)
# Names of activation operations, as keras.activations.NAME(tensor) leaves them in a functional graph.
_OPERATIONS = frozenset(
    "Relu Relu6 Sigmoid Softmax Tanh Softplus Softsign Elu Selu Gelu Silu LeakyRelu HardSigmoid".split()
)


def is_activation(op: Any) -> bool:
    """Returns whether a layer or operation only applies an activation function."""
    return isinstance(op, ACTIVATIONS) or (
        not isinstance(op, keras.Layer) and type(op).__name__ in _OPERATIONS
    )


def is_passing(op: Any) -> bool:
    """Returns whether a layer passes its one input on in another shape or scale."""
    return isinstance(op, PASSING)


def is_weighted(op: Any) -> bool:
    """Returns whether an operation is a layer with a kernel, or one that wraps such a layer."""
    if not isinstance(op, keras.Layer) or isinstance(op, _layers.PReLU):
        return False
    inner = unwrapped(op)
    return hasattr(inner, "kernel_initializer") or hasattr(inner, "depthwise_initializer")


def bends(op: Any, activation: Any) -> bool:
    """Returns whether an operation is a nonlinearity, given its activation (a name or function)."""
    if is_activation(op) and not isinstance(op, _layers.Activation):
        return True
    return activation is not None and activation_name(activation) != "linear"


def activation_name(activation: Any) -> str:
    """Returns the name of an activation given as a name, a function or None."""
    if activation is None:
        return "linear"
    return (
        activation
        if isinstance(activation, str)
        else getattr(activation, "__name__", type(activation).__name__)
    )


def unwrapped(layer: Any) -> Any:
    """Returns the layer inside TimeDistributed and its like, or `layer`."""
    while hasattr(layer, "layer") and hasattr(layer.layer, "get_config"):
        layer = layer.layer
    return layer
