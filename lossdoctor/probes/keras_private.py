"""The one file that knows private names of Keras, each with a fallback that says what is lost."""

from __future__ import annotations

import inspect
import weakref
from collections.abc import Callable, Iterator
from typing import Any


def fit_watch(on_exit: Callable[[], None]) -> bool:
    """Calls `on_exit` as soon as the running `fit` is left, also by an exception in another callback.

    Keras calls no hook when fit raises (field pitfall 32). The epoch iterator is a local of fit's frame,
    so its finalizer runs when that frame is gone.

    Returns:
        False when the frame was not found; then only errors inside a step and `on_train_end` are noticed.
    """
    frame = inspect.currentframe()
    while frame is not None:
        iterator = frame.f_locals.get("epoch_iterator") if frame.f_code.co_name == "fit" else None
        if iterator is not None:
            # Not at exit: a half-built interpreter is no place to write reports.
            weakref.finalize(iterator, on_exit).atexit = False
            return True
        frame = frame.f_back
    return False


def optimizers(model: Any) -> list[Any]:
    """Returns the optimizers that update weights: the inner one under loss scaling, several for GANs."""
    main = getattr(model, "optimizer", None)
    own = [v for v in vars(model).values() if callable(getattr(v, "apply_gradients", None)) and v is not main]
    config = getattr(getattr(model, "_compile_config", None), "config", None) or {}
    # A model that names its own optimizers and calls super().compile() has Keras's default besides, unused.
    unused = main is None or (own and config.get("optimizer") == "rmsprop")
    found = own if unused else [main, *own]
    return [getattr(o, "inner_optimizer", o) for o in found]


def layers(model: Any) -> list[Any]:
    """Returns the leaf layers of a model, nested ones too; only the top level when Keras hides the rest."""
    flatten = getattr(model, "_flatten_layers", None)
    if flatten is None:
        return list(model.layers)
    return [
        layer for layer in flatten(include_self=False, recursive=True) if not list(_children(layer))
    ] or list(model.layers)


def is_built(model: Any) -> bool:
    """Returns whether all layers have their weights. `model.built` alone may only mean that a shape was given."""
    return bool(model.built) and all(layer.built for layer in layers(model))


def statistics(model: Any) -> list[Any]:
    """Returns what layers keep besides weights, as moving averages; with frozen weights when Keras hides which."""
    flatten = getattr(model, "_flatten_layers", None)
    if flatten is None:
        return list(model.non_trainable_variables)
    owned = (getattr(layer, "_non_trainable_variables", ()) for layer in flatten(recursive=True))
    return [v for variables in owned for v in variables]


def _children(layer: Any) -> Iterator[Any]:
    flatten = getattr(layer, "_flatten_layers", None)
    return iter(()) if flatten is None else flatten(include_self=False, recursive=False)


def takes_training(model: Any) -> bool:
    """Returns whether the model's call has an argument `training`; as its signature says when Keras does not."""
    known = getattr(model, "_call_has_training_arg", None)
    return "training" in inspect.signature(model.call).parameters if known is None else bool(known)


def loss_of(model: Any, *, training: bool, **batch: Any) -> Any:
    """Returns `model.compute_loss`, whose argument `training` neither Keras 3.3 nor every subclass has."""
    known = inspect.signature(model.compute_loss).parameters.values()
    if any(p.name == "training" or p.kind is inspect.Parameter.VAR_KEYWORD for p in known):
        return model.compute_loss(**batch, training=training)
    return model.compute_loss(**batch)


def learning_rate(optimizer: Any) -> float | None:
    """Returns the rate of the next step, also under a schedule or a distribution; None when there is none."""
    from keras import ops

    try:
        return float(ops.convert_to_numpy(optimizer.learning_rate))
    except (AttributeError, TypeError, ValueError):
        return None


def loss_total(model: Any) -> tuple[Any, Any] | None:
    """Returns (total, count) variables of the metric "loss", from which a batch's own loss can be had."""
    # The model's own metrics first: a custom train_step leaves Keras's tracker untouched.
    trackers = [*getattr(model, "metrics", ()), getattr(model, "_loss_tracker", None)]
    for metric in trackers:
        if getattr(metric, "name", "") == "loss" and hasattr(metric, "total") and hasattr(metric, "count"):
            return metric.total, metric.count
    return None


def compile_loss(model: Any) -> Any:
    """Returns what the user passed as `loss=`, None when it cannot be seen."""
    config = getattr(model, "_compile_config", None)
    config = getattr(config, "config", None) or {}
    if config.get("loss") is not None:
        return config["loss"]
    return getattr(model, "loss", None)
