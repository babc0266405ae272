"""Actions carried out on a model: a fresh, compiled, untrained copy of it with the changes made.

Changing a model in place would leave the user with a half trained mixture; a copy can be replayed, thrown
away or handed out. Nothing here touches the model it is given.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lossdoctor.remedies.action import Action
from lossdoctor.remedies.apply.architecture import flatten, hidden_layer, last_output, mask
from lossdoctor.remedies.apply.initial_weights import hidden_activation, initializer
from lossdoctor.remedies.apply.input_layers import normalize_inputs
from lossdoctor.remedies.apply.layers import (
    batch_normalization,
    dropout,
    l2,
    layer_normalization,
    precision,
    unconstrain,
    unfreeze,
    widen,
)
from lossdoctor.remedies.apply.losses import from_logits, loss
from lossdoctor.remedies.apply.optimizers import clip, learning_rate, optimizer, optimizer_settings
from lossdoctor.remedies.apply.outputs import output_activation, output_units, rescale_output
from lossdoctor.remedies.apply.plan import Plan
from lossdoctor.remedies.apply.rebuild import rebuild

# In the order in which they are carried out: what the layers are first, then what is compiled, the
# rate last (rescale_output and optimizer change it on their own, and a rate that was asked for wins).
ACTIONS: dict[str, Callable[..., None]] = {
    "precision": precision,
    "unfreeze": unfreeze,
    "normalize_inputs": normalize_inputs,
    "output_units": output_units,
    "output_activation": output_activation,
    "hidden_activation": hidden_activation,
    "initializer": initializer,
    "widen": widen,
    "hidden_layer": hidden_layer,
    "flatten": flatten,
    "last_output": last_output,
    "mask": mask,
    "unconstrain": unconstrain,
    "batch_normalization": batch_normalization,
    "layer_normalization": layer_normalization,
    "dropout": dropout,
    "l2": l2,
    "loss": loss,
    "from_logits": from_logits,
    "optimizer": optimizer,
    "optimizer_settings": optimizer_settings,
    "rescale_output": rescale_output,
    "clip": clip,
    "learning_rate": learning_rate,
}


def apply_actions(model: Any, actions: Sequence[Action], sample: Any = None) -> Any:
    """Returns a fresh, compiled, untrained copy of `model` with these actions carried out.

    Args:
        model: a built and compiled keras.Model. It is not touched.
        actions: what to change, in any order.
        sample: rows with attributes `x` and `y`, for the actions that read their numbers off the data when
            none are given (normalize_inputs, rescale_output).

    Returns:
        A new keras.Model with weights drawn anew; frozen layers and adapted statistics keep theirs.

    Raises:
        ValueError: an action is unknown or does not fit the model, or the model cannot be rebuilt.

    Example:
        >>> apply_actions(model, [Action("learning_rate", {"value": 1e-3})])   # doctest: +SKIP
    """
    return rebuild(planned(model, actions, sample))


def planned(model: Any, actions: Sequence[Action], sample: Any = None, rate: float | None = None) -> Plan:
    """Returns the plan of a model with these actions written into it.

    Args:
        model, actions, sample: as for `apply_actions`.
        rate: the constant learning rate to start from, when it is no longer the optimizer's (a callback
            may have lowered it since the first step).

    Raises:
        ValueError: an action is unknown or does not fit the model.
    """
    plan = Plan.of(model, sample)
    if rate is not None and isinstance(plan.settings.config.get("learning_rate"), (int, float)):
        plan.settings.config["learning_rate"] = rate
    for action in sorted(actions, key=_place):
        try:
            ACTIONS[action.kind](plan, **action.arguments)
        except TypeError as error:
            raise ValueError(f"action {action.kind!r} cannot take {action.arguments!r}: {error}") from error
    return plan


def _place(action: Action) -> int:
    if action.kind not in ACTIONS:
        raise ValueError(f"no action is called {action.kind!r}: pass one of {', '.join(ACTIONS)}")
    return list(ACTIONS).index(action.kind)


__all__ = ["ACTIONS", "apply_actions", "planned"]
