"""Subclassed models: made again through from_config, changed before they are built."""

from __future__ import annotations

from typing import Any

import keras

from lossdoctor.keras_private import all_layers
from lossdoctor.remedies.apply.kinds import unwrapped
from lossdoctor.remedies.apply.plan import Plan

# Arguments of a layer that are read when it is built or called, and so can be set after it was made,
# with what turns a name into the object that the layer holds.
_SETTABLE = {
    "activation": keras.activations.get,
    "kernel_initializer": keras.initializers.get,
    "bias_initializer": keras.initializers.get,
    "recurrent_initializer": keras.initializers.get,
    "kernel_regularizer": keras.regularizers.get,
    "bias_regularizer": keras.regularizers.get,
    "units": int,
    "filters": int,
    "rate": float,
    "trainable": bool,
}


def rebuild_subclassed(plan: Plan) -> Any:
    """Returns the changed, compiled, untrained model of a plan for a subclassed (or unbuilt) model.

    Raises:
        ValueError: from_config() does not work, or layers were to be put in.
    """
    if plan.behind or plan.replaced or plan.at_input or plan.at_output or plan.policy:
        raise ValueError(
            f"{type(plan.model).__name__} is subclassed: its calls cannot be followed, so no layer can be "
            "put in from outside; make this change in its own code"
        )
    new = _from_config(plan.model)
    for old_layer, new_layer in zip(all_layers(plan.model), all_layers(new), strict=False):
        _check_same(old_layer, new_layer)
        plan.pairs.append((old_layer, new_layer))
        if id(old_layer) in plan.configs:
            _change(old_layer, new_layer, plan.config(old_layer))
    plan.settings.compile(new)
    return new


def _from_config(model: Any) -> Any:
    try:
        return type(model).from_config(model.get_config())
    except Exception as error:
        raise ValueError(
            f"{type(model).__name__} cannot be made again: give it get_config() and from_config() ({error})"
        ) from error


def _check_same(old: Any, new: Any) -> None:
    if type(old) is not type(new):
        raise ValueError(f"from_config() made {new.name!r} where the model has {old.name!r}")


def _change(old: Any, new: Any, config: dict[str, Any]) -> None:
    if new.built:
        raise ValueError(
            f"layer {old.name!r} is built by the model's constructor and cannot be changed any more"
        )
    before = unwrapped(old).get_config()
    for key, value in config.items():
        if value == before.get(key) or key not in _SETTABLE:
            continue
        setattr(unwrapped(new), key, _SETTABLE[key](value))
