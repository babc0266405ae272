"""Actions on hidden layers: normalisation between them, dropout, penalties, width, precision, freezing."""

from __future__ import annotations

from functools import partial
from typing import Any

import keras

from lossdoctor.remedies.apply.kinds import RECURRENT, activation_name, is_weighted
from lossdoctor.remedies.apply.plan import Plan

# Short runs make few steps: with Keras's 0.99 the moving averages would lag behind for 400 of them.
BATCH_NORMALIZATION_MOMENTUM = 0.9
_DROPOUTS = tuple(
    getattr(keras.layers, name)
    for name in ("Dropout", "SpatialDropout1D", "SpatialDropout2D", "SpatialDropout3D", "AlphaDropout",
                 "GaussianDropout")
    if hasattr(keras.layers, name)
)  # fmt: skip


def batch_normalization(plan: Plan) -> None:
    """Puts BatchNormalization between the sums and the activation of every hidden layer with weights."""
    for layer in _hidden(plan):
        if _normalized(plan, layer):
            continue
        name = activation_name(plan.setting(layer, "activation"))
        made: list[Any] = [lambda: keras.layers.BatchNormalization(momentum=BATCH_NORMALIZATION_MOMENTUM)]
        if name != "linear":
            activation = plan.config(layer)["activation"]
            plan.config(layer)["activation"] = "linear"
            made.append(lambda a=activation: keras.layers.Activation(a))
        plan.behind.setdefault(id(layer), [])[:0] = made


def _normalized(plan: Plan, layer: Any) -> bool:
    return any(isinstance(op, keras.layers.BatchNormalization) for op in plan.graph.followers(layer))


def layer_normalization(plan: Plan) -> None:
    """Puts LayerNormalization in the place of each BatchNormalization: it does not need a batch of rows.

    Raises:
        ValueError: the model has no BatchNormalization.
    """
    found = [v for v in plan.graph.leaves if isinstance(v, keras.layers.BatchNormalization)]
    if not found:
        raise ValueError("the model has no BatchNormalization layer to replace")
    for layer in found:
        unchanged = {"name": layer.name, "dtype": layer.dtype_policy}
        plan.replaced[id(layer)] = partial(keras.layers.LayerNormalization, **unchanged)


def dropout(plan: Plan, *, rate: float | None = None, factor: float | None = None) -> None:
    """Sets the rate of all Dropout layers, or scales it; without such layers puts them behind hidden ones.

    Raises:
        ValueError: neither or both were given, or the rate is not in [0, 1).
    """
    if (rate is None) == (factor is None):
        raise ValueError(f"dropout takes rate or factor, got rate={rate!r}, factor={factor!r}")
    found = [layer for layer in plan.graph.leaves if isinstance(layer, _DROPOUTS)]
    for layer in found:
        config = plan.config(layer)
        config["rate"] = _checked(rate if rate is not None else config["rate"] * (factor or 0.0))
    if not found and rate:
        _checked(rate)
        for layer in _hidden(plan):
            plan.behind.setdefault(id(layer), []).append(lambda: keras.layers.Dropout(rate))


def _checked(rate: float) -> float:
    if not 0.0 <= rate < 1.0:
        raise ValueError(f"a dropout rate must be in [0, 1), got {rate}")
    return float(rate)


def l2(plan: Plan, *, value: float | None = None, factor: float | None = None) -> None:
    """Puts an L2 penalty on every kernel, or scales the penalties that are there (factor 0 removes them).

    Raises:
        ValueError: neither or both were given, or a penalty of the user's own cannot be scaled.
    """
    if (value is None) == (factor is None):
        raise ValueError(f"l2 takes value or factor, got value={value!r}, factor={factor!r}")
    for layer in plan.graph.leaves:
        config = plan.config(layer)
        if value is not None and is_weighted(layer) and "kernel_regularizer" in config:
            config["kernel_regularizer"] = keras.regularizers.L2(float(value))
        elif factor is not None:
            for key in [k for k in config if k.endswith("_regularizer") and config[k] is not None]:
                config[key] = _scaled_penalty(config[key], factor)


def _scaled_penalty(penalty: Any, factor: float) -> Any:
    if factor == 0:
        return None
    found = keras.regularizers.get(penalty)
    config = found.get_config() if hasattr(found, "get_config") else {}
    scales = [key for key in ("l1", "l2", "factor") if isinstance(config.get(key), (int, float))]
    if not scales:
        raise ValueError(f"the penalty {found!r} has no factor to scale: pass factor=0 to remove it")
    return type(found).from_config({**config, **{k: float(config[k]) * factor for k in scales}})


def unconstrain(plan: Plan) -> None:
    """Takes the constraints off all weights.

    Raises:
        ValueError: no layer has one.
    """
    found = False
    for layer in plan.graph.leaves:
        config = plan.config(layer)
        for key in [k for k in config if k.endswith("_constraint") and config[k] is not None]:
            config[key], found = None, True
    if not found:
        raise ValueError("no layer has a constraint to take off")


def unfreeze(plan: Plan, *, layers: list[str] | None = None) -> None:
    """Lets frozen layers learn, from the weights that they hold."""
    for layer in plan.graph.named(layers) or plan.graph.leaves:
        if not layer.trainable:
            plan.config(layer)["trainable"] = True


def precision(plan: Plan, *, policy: str) -> None:
    """Gives every layer this dtype policy ("float32", "mixed_bfloat16", ...)."""
    keras.dtype_policies.get(policy)
    plan.policy = policy


def widen(plan: Plan, *, factor: float) -> None:
    """Multiplies the units or filters of hidden layers."""
    for layer in _hidden(plan, recurrent=True):
        config = plan.config(layer)
        for key in ("units", "filters"):
            if isinstance(config.get(key), int):
                config[key] = max(1, round(config[key] * factor))


def _hidden(plan: Plan, *, recurrent: bool = False) -> list[Any]:
    return [v for v in plan.graph.hidden if is_weighted(v) and (recurrent or not isinstance(v, RECURRENT))]
