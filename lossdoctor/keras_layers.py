"""What Keras's layers are, by their public names: the activation that one applies, the kernel that it holds."""

from __future__ import annotations

from typing import Any

from lossdoctor import keras_private

# Layers that are nothing but an activation, and what it is called.
ACTIVATION_LAYERS = {
    "Softmax": "softmax", "ReLU": "relu", "LeakyReLU": "leaky_relu", "PReLU": "prelu", "ELU": "elu",
    "Sigmoid": "sigmoid", "Relu": "relu", "Tanh": "tanh", "Softplus": "softplus", "Relu6": "relu6",
    "Elu": "elu", "Selu": "selu", "Gelu": "gelu", "Silu": "silu", "LogSoftmax": "log_softmax",
    "HardSigmoid": "hard_sigmoid", "Exp": "exponential",
}  # fmt: skip
# What a wrapper or a recurrent layer holds its weights in.
INNER = ("cell", "forward_layer", "layer")


def activation_of(layer: Any) -> str | None:
    """Returns the name of the activation that a layer (or op) applies last, None when it has none.

    Example:
        >>> import keras
        >>> activation_of(keras.layers.TimeDistributed(keras.layers.Dense(2, activation="tanh")))
        'tanh'
    """
    kind = type(layer).__name__
    if kind in ACTIVATION_LAYERS:
        return ACTIVATION_LAYERS[kind]
    activation = getattr(layer, "activation", None)
    if activation is None:
        inner = inner_layer(layer)
        if inner is not None:  # the halves of a Bidirectional may also be added or multiplied
            return activation_of(inner) if getattr(layer, "merge_mode", None) in ("concat", None) else None
        return "linear" if hasattr(layer, "kernel") else None
    if callable(activation) and hasattr(activation, "__name__"):
        return str(activation.__name__)
    return ACTIVATION_LAYERS.get(type(activation).__name__, type(activation).__name__)


def inner_layer(layer: Any) -> Any:
    """Returns the layer or cell that a wrapper (TimeDistributed, Bidirectional, RNN) applies, None for any other."""
    import keras

    wrappers = (keras.layers.Wrapper, keras.layers.RNN, keras.layers.Bidirectional)
    found = (getattr(layer, name, None) for name in INNER) if isinstance(layer, wrappers) else ()
    return next((inner for inner in found if inner is not None), None)


def kernel_of(layer: Any) -> Any:
    """Returns the kernel (the table of an Embedding) of a layer or of what it wraps, None without one."""
    inner = inner_layer(layer)
    for owner in (layer, inner, getattr(inner, "cell", None)):
        kernel = None if owner is None else keras_private.kernel(owner)
        if kernel is not None and hasattr(kernel, "shape"):
            return kernel
    return getattr(layer, "embeddings", None)


def written_names(model: Any) -> dict[int, str]:
    """Returns names by id() of leaf layers: that of the wrapper or recurrent layer that the user wrote around one.

    A wrapper around several leaf layers (Bidirectional, a wrapped model) gives "wrapper/leaf".
    """
    leaves = keras_private.layers(model)
    names = {id(leaf): leaf.name for leaf in leaves}
    # From the inside out, so that the outermost wrapper has the last word.
    for outer in reversed([v for v in keras_private.all_layers(model) if inner_layer(v) is not None]):
        inside = [leaf for leaf in keras_private.layers(outer) if leaf is not outer]
        holding = [leaf for leaf in inside if leaf.weights] or inside
        for leaf in inside:
            alone = len(holding) == 1 and leaf is holding[0]
            names[id(leaf)] = outer.name if alone else f"{outer.name}/{leaf.name}"
    return names


# What a variable is for, by the last part of its path.
ROLES = {
    "kernel": "kernel", "depthwise_kernel": "kernel", "pointwise_kernel": "kernel", "recurrent_kernel": "recurrent kernel",
    "bias": "bias", "gamma": "scale", "scale": "scale", "beta": "offset", "embeddings": "embedding",
    "position_embeddings": "position", "lora_kernel_a": "adapter", "lora_kernel_b": "adapter",
    "lora_embeddings_a": "adapter", "lora_embeddings_b": "adapter", "moving_mean": "statistic",
    "moving_variance": "statistic", "seed_generator_state": "seed",
}  # fmt: skip
NORMALIZATIONS = ("Normalization", "RMSNorm")


def role_of(variable: Any, layer: Any) -> str:
    """Returns what a variable of a layer is for, one of the roles of `record.Variable`.

    By its name, where that is one of Keras's own; else by what it does: numbers over positions of the layer's input
    are a position embedding, one axis is a bias, more are a kernel.

    Args:
        variable: a keras.Variable.
        layer: the layer that owns it, None when it is not known.
    """
    name, kind = str(variable.path).rsplit("/", 1)[-1], type(layer).__name__
    role = ROLES.get(name)
    if role == "embedding" and "Position" in kind:
        return "position"
    if role == "kernel" and len(variable.shape) == 1 and any(n in kind for n in NORMALIZATIONS):
        return "scale"
    if role is not None:
        return role
    if "position" in name or _over_positions(variable, layer):
        return "position"
    return "bias" if len(variable.shape) < 2 else "kernel"


def _over_positions(variable: Any, layer: Any) -> bool:
    """Returns whether a layer's input and output have one shape, and the variable that of a row of them."""
    config: Any = getattr(layer, "get_build_config", dict)() or {}
    shape = config.get("input_shape") if isinstance(config, dict) else None
    row = tuple(shape[1:]) if isinstance(shape, (tuple, list)) and len(shape) == 3 else None
    return row is not None and tuple(variable.shape) == row and row[0] != row[1]
