"""Actions on the optimizer: its rate, its kind, its settings, clipping."""

from __future__ import annotations

import inspect
from typing import Any

import keras

from lossdoctor.remedies.apply.plan import Plan

# Arguments of Keras's schedules that are learning rates.
_RATES = ("initial_learning_rate", "end_learning_rate", "warmup_target", "values")
_CLIPS = ("clipnorm", "global_clipnorm", "clipvalue")


def learning_rate(plan: Plan, *, value: float | None = None, factor: float | None = None) -> None:
    """Sets the rate to a constant `value`, or multiplies it (all of a schedule's rates) by `factor`.

    Raises:
        ValueError: neither or both were given, or the rate cannot be scaled.
    """
    if (value is None) == (factor is None):
        raise ValueError(f"learning_rate takes value or factor, got value={value!r}, factor={factor!r}")
    config = plan.settings.config
    config["learning_rate"] = float(value) if value is not None else scaled(config["learning_rate"], factor)


def scaled(rate: Any, factor: float | None) -> Any:
    """Returns a rate or schedule multiplied by `factor`.

    Raises:
        ValueError: it is a schedule without a rate among its arguments, or a function.
    """
    factor = float(factor or 0.0)
    if isinstance(rate, (int, float)):
        return float(rate) * factor
    config = rate.get_config() if hasattr(rate, "get_config") else {}
    if not any(config.get(key) is not None for key in _RATES):
        raise ValueError(f"{type(rate).__name__} has no initial rate to scale: pass learning_rate value=...")
    for key in _RATES:
        if isinstance(config.get(key), (list, tuple)):
            config[key] = [float(v) * factor for v in config[key]]
        elif config.get(key) is not None:
            config[key] = float(config[key]) * factor
    return type(rate).from_config(config)


def optimizer(plan: Plan, *, name: str, arguments: dict[str, Any] | None = None) -> None:
    """Puts another optimizer in, with its own default rate unless `arguments` has one.

    Raises:
        ValueError: there is no optimizer of this name, or it does not take the arguments.
    """
    kind = optimizer_class(name)
    config = dict(arguments or {})
    _check_arguments(kind, config)
    if "learning_rate" not in config:
        config["learning_rate"] = inspect.signature(kind).parameters["learning_rate"].default
    plan.settings.optimizer, plan.settings.config = kind, config


def optimizer_class(name: str) -> type:
    """Returns the optimizer class of a name in any case ("adam", "RMSprop").

    Raises:
        ValueError: Keras has none of that name.
    """
    known = {
        key.lower(): value
        for key, value in vars(keras.optimizers).items()
        if isinstance(value, type) and issubclass(value, keras.optimizers.Optimizer)
    }
    if name.lower() not in known:
        raise ValueError(f"no optimizer is called {name!r}: pass one of {', '.join(sorted(known))}")
    return known[name.lower()]


def optimizer_settings(plan: Plan, *, arguments: dict[str, Any]) -> None:
    """Changes arguments of the optimizer that is there.

    Raises:
        ValueError: it does not take one of them.
    """
    _check_arguments(plan.settings.optimizer, arguments)
    plan.settings.config.update(arguments)


def _check_arguments(kind: type, arguments: dict[str, Any]) -> None:
    known = inspect.signature(kind).parameters
    wrong = [key for key in arguments if key not in known and key not in (*_CLIPS, "weight_decay", "use_ema")]
    if wrong:
        raise ValueError(f"{kind.__name__} takes no {wrong[0]!r}: pass some of {', '.join(known)}")


def clip(plan: Plan, **limit: float | None) -> None:
    """Sets one of clipnorm, global_clipnorm, clipvalue and takes the others away (Keras allows one).

    Raises:
        ValueError: not exactly one was given.
    """
    if len(limit) != 1 or next(iter(limit)) not in _CLIPS:
        raise ValueError(f"clip takes one of {', '.join(_CLIPS)}, got {limit!r}")
    plan.settings.config.update({key: limit.get(key) for key in _CLIPS})
