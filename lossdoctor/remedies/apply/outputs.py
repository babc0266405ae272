"""Actions on an output: its activation, its number of units, its scale."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from lossdoctor.remedies.apply.kinds import is_activation, is_weighted
from lossdoctor.remedies.apply.losses import loss_name, output_number
from lossdoctor.remedies.apply.optimizers import scaled
from lossdoctor.remedies.apply.plan import Plan

# Optimizers whose step does not grow with the gradient: a scaled output needs no other rate under them.
ADAPTIVE = ("Adam", "AdamW", "Nadam", "Adamax", "RMSprop", "Adagrad", "Adadelta", "Lion", "Lamb", "Adafactor")
_ABSOLUTE = ("mean_absolute_error", "mae", "huber", "log_cosh")


def output_activation(plan: Plan, *, name: str, output: int | str | None = None) -> None:
    """Makes `name` the only activation between the last weights and an output.

    A softmax on a softmax becomes one; the outermost place that has an activation keeps it, so that a
    layer in float32 behind a half precision one stays in charge of the numbers.

    Raises:
        ValueError: Keras has no such activation, or the model no such output.
    """
    keras.activations.get(name)
    number = output_number(plan, output)
    end = plan.graph.ends[number]
    weighted = end[-1] if end and is_weighted(end[-1]) else None
    places = [op for op in end if op is not weighted]
    bends = [op for op in places if is_activation(op)]
    for op in bends[1:]:
        plan.replaced[id(op)] = keras.layers.Identity
    own = weighted is not None and plan.setting(weighted, "activation") is not None
    if bends:
        _replace(plan, bends[0], name)
    if own:
        plan.config(weighted)["activation"] = "linear" if bends else name
    elif not bends and name != "linear":
        plan.at_output.setdefault(number, []).append(lambda: keras.layers.Activation(name))


def _replace(plan: Plan, op: Any, name: str) -> None:
    unchanged = {"name": op.name, "dtype": op.dtype_policy} if isinstance(op, keras.Layer) else {}
    plan.replaced[id(op)] = lambda: keras.layers.Activation(name, **unchanged)


def output_units(plan: Plan, *, units: int, output: int | str | None = None) -> None:
    """Gives the layer that makes an output `units` units (or filters).

    Raises:
        ValueError: no layer with units makes it.
    """
    end = plan.graph.ends[output_number(plan, output)]
    weighted = end[-1] if end and is_weighted(end[-1]) else None
    key = next((k for k in ("units", "filters") if weighted is not None and plan.setting(weighted, k)), None)
    if key is None:
        raise ValueError("no layer with units makes this output: change its width in the model's own code")
    config = plan.config(weighted)
    config[key] = int(units)
    if not isinstance(config.get("bias_initializer"), str) and _is_list(config.get("bias_initializer")):
        config["bias_initializer"] = "zeros"  # values written out for the old number of units


def _is_list(initializer: Any) -> bool:
    value = initializer.get("config", {}).get("value") if isinstance(initializer, dict) else None
    return isinstance(value, (list, tuple, np.ndarray, dict))


def rescale_output(
    plan: Plan,
    *,
    scale: float | list[float] | None = None,
    offset: float | list[float] | None = None,
    output: int | str | None = None,
) -> None:
    """Puts a Rescaling layer behind an output, so that the weights learn targets of mean 0 and deviation 1.

    Without numbers they come from the sample's targets. Under an optimizer whose step grows with the
    gradient the rate is divided by scale^2 (by scale for absolute losses): the gradients of the same
    loss grow by as much, and the run is then step for step that of scaled targets.

    Raises:
        ValueError: no numbers were given and there is no sample.
    """
    number = output_number(plan, output)
    if scale is None:
        scale, offset = _from_targets(plan, number)
    low = np.asarray(scale, float)
    plan.at_output.setdefault(number, []).append(
        lambda: keras.layers.Rescaling(_plain(scale), _plain(0.0 if offset is None else offset))
    )
    if plan.settings.optimizer.__name__ not in ADAPTIVE and len(plan.graph.ends) == 1:
        power = 1 if loss_name(plan.settings.rest.get("loss")) in _ABSOLUTE else 2
        factor = float(1.0 / np.max(low) ** power)
        plan.settings.config["learning_rate"] = scaled(plan.settings.config["learning_rate"], factor)


def _plain(value: Any) -> Any:
    return np.asarray(value, float).tolist()


def _from_targets(plan: Plan, number: int) -> tuple[Any, Any]:
    if plan.sample is None:
        raise ValueError("rescale_output needs scale and offset, or a sample to read them off")
    targets = np.asarray(keras.tree.flatten(plan.sample.y)[number], float)
    finite = targets[np.isfinite(targets)]
    return float(finite.std()) or 1.0, float(finite.mean())
