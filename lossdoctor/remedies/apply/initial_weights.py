"""Actions on how hidden layers start and bend: initializers and activations."""

from __future__ import annotations

from typing import Any

import keras

from lossdoctor.remedies.apply.kinds import RECURRENT, activation_name, bends, is_activation, is_weighted
from lossdoctor.remedies.apply.plan import Plan

# The initializer whose variance is made for an activation (He et al. 2015; Glorot and Bengio 2010;
# Klambauer et al. 2017 for selu). Others take He's, whose derivation holds for the relu family.
_STARTS = {
    "tanh": "glorot_uniform",
    "sigmoid": "glorot_uniform",
    "linear": "glorot_uniform",
    "selu": "lecun_normal",
}
_KERNELS = ("kernel_initializer", "depthwise_initializer", "pointwise_initializer")


def initializer(plan: Plan, *, name: str, layers: list[str] | None = None) -> None:
    """Draws the kernels of `layers` (None: of all that learn) from the initializer `name`.

    Recurrent kernels become orthogonal again, which is what Keras gives them.
    """
    keras.initializers.get(name)
    for layer in plan.graph.named(layers) or [v for v in plan.graph.leaves if is_weighted(v) and v.trainable]:
        _start(plan, layer, name)


def _start(plan: Plan, layer: Any, name: str) -> None:
    config = plan.config(layer)
    for key in _KERNELS:
        if key in config:
            config[key] = name
    if "recurrent_initializer" in config:
        config["recurrent_initializer"] = "orthogonal"
    plan.redrawn.add(id(layer))


def hidden_activation(plan: Plan, *, name: str, layers: list[str] | None = None) -> None:
    """Gives hidden layers the activation `name` and an initializer that suits it.

    With `layers=None`: every hidden layer that has an activation, separate Activation layers, and layers
    with weights behind which none comes before the next weights. Recurrent layers keep their own gates
    unless they are named.
    """
    keras.activations.get(name)
    chosen = plan.graph.named(layers)
    for layer in _candidates(plan) if chosen is None else chosen:
        if is_activation(layer):
            plan.replaced[id(layer)] = _maker(layer, name)
        elif "activation" in plan.config(layer):
            plan.config(layer)["activation"] = name
    start = _STARTS.get(name, "he_normal")
    for layer in plan.graph.hidden if chosen is None else chosen:
        if is_weighted(layer) and layer.trainable and not isinstance(layer, RECURRENT):
            _start(plan, layer, start)


def _maker(layer: Any, name: str) -> Any:
    return lambda: keras.layers.Activation(name, name=layer.name, dtype=layer.dtype_policy)


def _candidates(plan: Plan) -> list[Any]:
    return [layer for layer in plan.graph.hidden if _bends(plan, layer) or _flat(plan, layer)]


def _bends(plan: Plan, layer: Any) -> bool:
    if isinstance(layer, RECURRENT):
        return False
    softmax = isinstance(layer, keras.layers.Softmax) or planned_activation(plan, layer) == "softmax"
    return (
        not softmax
        and (is_weighted(layer) or is_activation(layer))
        and bends(layer, plan.setting(layer, "activation"))
    )


def _flat(plan: Plan, layer: Any) -> bool:
    """Returns whether weights follow on this layer's weights with nothing that bends between them."""
    if not is_weighted(layer) or isinstance(layer, RECURRENT) or planned_activation(plan, layer) != "linear":
        return False
    behind = list(plan.graph.followers(layer))
    return None not in behind and not any(
        op is not None and not is_weighted(op) and bends(op, getattr(op, "activation", None)) for op in behind
    )


def planned_activation(plan: Plan, layer: Any) -> str:
    """Returns the name of a layer's activation, "linear" when it has none."""
    return activation_name(plan.setting(layer, "activation"))
