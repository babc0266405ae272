"""CompileSettings: what compile() was given, taken out of a model and given to another."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import keras

from lossdoctor import keras_private


@dataclass
class CompileSettings:
    """The arguments of compile().

    Attributes:
        optimizer: class of the optimizer (the inner one under loss scaling).
        config: its arguments; `learning_rate` is a number, or the schedule as an object.
        rest: the other arguments of compile(), as the user gave them.
        scaling: arguments of a LossScaleOptimizer that the user put around it, or None.
    """

    optimizer: Any
    config: dict[str, Any]
    rest: dict[str, Any] = field(default_factory=dict)
    scaling: dict[str, Any] | None = None

    @classmethod
    def of(cls, model: Any) -> CompileSettings:
        """Returns the settings of a compiled model.

        Raises:
            ValueError: the model is not compiled, or by a compile() of its own.
        """
        if not getattr(model, "compiled", False) or getattr(model, "optimizer", None) is None:
            raise ValueError(f"{model.name!r} has no compiled optimizer: call compile() first")
        given = keras_private.compile_config(model)
        if "optimizer" not in given:
            raise ValueError(
                f"{type(model).__name__} has its own compile(): its settings cannot be carried over"
            )
        outer = given.pop("optimizer")
        scaled = isinstance(outer, keras.optimizers.LossScaleOptimizer)
        inner = _inner(model.optimizer)
        return cls(type(inner), optimizer_config(inner), given, _scaling(outer) if scaled else None)

    def make_optimizer(self) -> Any:
        """Returns a new optimizer without any state."""
        inner = self.optimizer.from_config(dict(self.config))
        return keras.optimizers.LossScaleOptimizer(inner, **self.scaling) if self.scaling else inner

    def compile(self, model: Any) -> None:
        """Compiles `model` with these settings, with an optimizer and metrics of its own."""
        rest = dict(self.rest)
        for key in ("metrics", "weighted_metrics"):
            rest[key] = fresh_metrics(rest.get(key))
        model.compile(optimizer=self.make_optimizer(), **rest)


def _inner(optimizer: Any) -> Any:
    return (
        optimizer.inner_optimizer if isinstance(optimizer, keras.optimizers.LossScaleOptimizer) else optimizer
    )


def _scaling(outer: Any) -> dict[str, Any]:
    config = outer.get_config()
    return {k: config[k] for k in ("initial_scale", "dynamic_growth_steps") if k in config}


def optimizer_config(optimizer: Any) -> dict[str, Any]:
    """Returns the arguments from which an equal optimizer without state can be made.

    A schedule or function is kept as the object that it is: those of the user need not be registered.
    """
    config = dict(optimizer.get_config())
    rate = keras_private.rate_of(optimizer)
    if isinstance(config.get("learning_rate"), dict) or (callable(rate) and not hasattr(rate, "assign")):
        config["learning_rate"] = rate
    return config


def fresh_metrics(metrics: Any) -> Any:
    """Returns the metrics with new instances in place of instances: two models must not share a count."""
    if isinstance(metrics, dict):
        return {k: fresh_metrics(v) for k, v in metrics.items()}
    if isinstance(metrics, (list, tuple)):
        return [fresh_metrics(v) for v in metrics]
    if isinstance(metrics, keras.metrics.Metric):
        try:
            return type(metrics).from_config(metrics.get_config())
        except Exception:  # a metric of the user's that cannot be made again is better shared than lost
            return metrics
    return metrics
