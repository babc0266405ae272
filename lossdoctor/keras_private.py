"""The one file that knows private names of Keras, each with a fallback that says what is lost."""

from __future__ import annotations

import copy
import inspect
import weakref
from collections.abc import Callable, Iterator
from typing import Any

# What the optimizer asks for its rate within a step (Keras 3.3 to 3.16). Without it the rate cannot be lowered
# inside the step; bad updates are still skipped and good weights restored.
RATE_METHOD = "_get_current_learning_rate"


def fit_watch(on_exit: Callable[[], None]) -> bool:
    """Calls `on_exit`, perhaps twice, as soon as the running `fit` is left, also by an exception in another callback.

    Keras calls no hook when fit raises, not even on_train_end. The epoch iterator is a local of fit's frame,
    so its finalizer runs when that frame is gone.

    Returns:
        False when the frame was not found; then only errors inside a step and `on_train_end` are noticed.
    """
    frame = inspect.currentframe()
    while frame is not None:
        iterator = frame.f_locals.get("epoch_iterator") if frame.f_code.co_name == "fit" else None
        if iterator is not None:
            # Keras's JAX iterator holds itself and goes when the garbage collector comes by; the list of callbacks,
            # unless the user made it, goes with the frame. Whichever goes first tells.
            for local in (iterator, frame.f_locals.get("callbacks")):
                if isinstance(local, (list, type(None))):
                    continue
                # Not at exit: a half-built interpreter is no place to write reports.
                weakref.finalize(local, on_exit).atexit = False
            return True
        frame = frame.f_back
    return False


def optimizers(model: Any) -> list[Any]:
    """Returns the optimizers that update weights: the inner one under loss scaling, several for GANs."""
    main = getattr(model, "optimizer", None)
    own = [v for v in vars(model).values() if callable(getattr(v, "apply_gradients", None)) and v is not main]
    # A model that names its own optimizers and calls super().compile() has Keras's default besides, unused.
    unused = main is None or (own and compile_config(model).get("optimizer") == "rmsprop")
    found = own if unused else [main, *own]
    return [getattr(o, "inner_optimizer", o) for o in found]


def outer_optimizers(model: Any) -> list[Any]:
    """Returns the optimizers that a step calls: the outer one under loss scaling, several for GANs."""
    main = getattr(model, "optimizer", None)
    own = [v for v in vars(model).values() if callable(getattr(v, "stateless_apply", None)) and v is not main]
    return own if main is None else [main, *own]


def trained_by(optimizer: Any) -> list[Any]:
    """Returns the variables that an optimizer was built for, in its order; [] when Keras hides them."""
    return list(getattr(optimizer, "_trainable_variables", ()))


def has_own_step(model: Any) -> bool:
    """Returns whether the model's class overrides train_step."""
    return not type(model).train_step.__module__.startswith("keras.")


def scales_loss(model: Any) -> bool:
    """Returns whether an optimizer of the model scales the loss, and so leaves out updates that overflow."""
    return any(
        hasattr(o, "inner_optimizer") for o in (getattr(model, "optimizer", None), *vars(model).values())
    )


def layers(model: Any) -> list[Any]:
    """Returns the leaf layers of a model, nested ones too; only the top level when Keras hides the rest."""
    return [layer for layer in all_layers(model) if not _children(layer)] or list(model.layers)


def all_layers(model: Any) -> list[Any]:
    """Returns the layers of a model and those inside them; only the top level when Keras hides the rest."""
    flatten = getattr(model, "_flatten_layers", None)
    return list(model.layers) if flatten is None else list(flatten(include_self=False, recursive=True))


def is_built(model: Any) -> bool:
    """Returns whether all layers have their weights. `model.built` alone may only mean that a shape was given.

    A layer without a build() of its own has none to make (Keras 3.3 never builds an attention's unused dropout).
    """
    import keras

    return bool(model.built) and all(
        layer.built or type(layer).build is keras.Layer.build for layer in layers(model)
    )


def statistics(model: Any) -> list[Any]:
    """Returns what layers keep besides weights, as moving averages; with frozen weights when Keras hides which."""
    flatten = getattr(model, "_flatten_layers", None)
    if flatten is None:
        return list(model.non_trainable_variables)
    owned = (getattr(layer, "_non_trainable_variables", ()) for layer in flatten(recursive=True))
    return [v for variables in owned for v in variables]


def _children(layer: Any) -> list[Any]:
    flatten = getattr(layer, "_flatten_layers", None)
    return [] if flatten is None else list(flatten(include_self=False, recursive=False))


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


def loss_total(model: Any) -> tuple[Any, Any] | None:
    """Returns (total, count) variables of the metric "loss", from which a batch's own loss can be had."""
    # The model's own metrics first: a custom train_step leaves Keras's tracker untouched.
    trackers = [*getattr(model, "metrics", ()), getattr(model, "_loss_tracker", None)]
    for metric in trackers:
        if getattr(metric, "name", "") == "loss" and hasattr(metric, "total") and hasattr(metric, "count"):
            return metric.total, metric.count
    return None


def loss_metrics(model: Any) -> list[Any]:
    """Returns the metrics named "loss": the model's own, and the one that Keras's own train_step feeds."""
    known = [*getattr(model, "metrics", ()), getattr(model, "_loss_tracker", None)]
    found = [
        m for m in known if getattr(m, "name", "") == "loss" and callable(getattr(m, "update_state", None))
    ]
    return list({id(m): m for m in found}.values())


def may_add_losses(layers: list[Any]) -> bool:
    """Returns whether any of these layers added a loss in its last call; True when it cannot be seen."""
    return any(getattr(layer, "_losses", True) for layer in layers)


def compile_config(model: Any) -> dict[str, Any]:
    """Returns what the user passed to compile(), {} when that cannot be seen."""
    return dict(getattr(getattr(model, "_compile_config", None), "config", None) or {})


def compile_loss(model: Any) -> Any:
    """Returns what the user passed as `loss=`, None when it cannot be seen."""
    given = compile_config(model).get("loss")
    return getattr(model, "loss", None) if given is None else given


def rate_of(optimizer: Any) -> Any:
    """Returns the variable or the schedule of the learning rate, not its value; None when it cannot be seen."""
    return getattr(optimizer, "_learning_rate", None)


def kernel(layer: Any) -> Any:
    """Returns the kernel without what LoRA or quantization put on top; the public one when Keras hides it."""
    own = getattr(layer, "_kernel", None)
    return getattr(layer, "kernel", None) if own is None else own


# The state of a fit on JAX


def is_attached(variable: Any) -> bool:
    """Returns whether a variable has a value: on JAX it has none while an epoch goes on. True when it cannot be seen."""
    return getattr(variable, "_value", True) is not None


def hand_state(model: Any, state: Any) -> None:
    """Lets the running fit on JAX put these arrays back into the variables when it is left.

    Without that Keras puts back those of the step before, which may be gone. Does nothing when Keras hides them.
    """
    names = ("trainable_variables", "non_trainable_variables", "optimizer_variables", "metrics_variables")
    if hasattr(model, "_jax_state_synced"):
        model._jax_state = dict(zip(names, state, strict=True))


# The graph of a functional model


def functional(model: Any) -> Any:
    """Returns the graph of a functional or built Sequential model; None for others, which cannot be followed."""
    import keras

    found = getattr(model, "_functional", None) if isinstance(model, keras.Sequential) else model
    known = hasattr(found, "_run_through_graph") and hasattr(found, "_nodes_by_depth")
    return found if known and getattr(found, "outputs", None) else None


def nodes(graph: Any) -> Iterator[Any]:
    """Yields the nodes of a `functional` graph, each after those that it takes from."""
    for depth in sorted(graph._nodes_by_depth, reverse=True):
        yield from graph._nodes_by_depth[depth]


def structures(graph: Any) -> tuple[Any, Any]:
    """Returns inputs and outputs of a graph as the user nested them; in flat lists when Keras hides that."""
    return getattr(graph, "_inputs_struct", graph.inputs), getattr(graph, "_outputs_struct", graph.outputs)


def maker(tensor: Any) -> tuple[Any, int, list[Any]] | None:
    """Returns (operation that made a symbolic tensor, which of its outputs, tensors it took); None if unknown."""
    history = getattr(tensor, "_keras_history", None)
    if history is None:
        return None
    made_by = getattr(history.operation, "_inbound_nodes", ())
    took = made_by[history.node_index].input_tensors if history.node_index < len(made_by) else []
    return history.operation, history.tensor_index, list(took)


def copied(operation: Any) -> Any:
    """Returns a copy of an operation without weights, outside of every graph."""
    new = copy.copy(operation)
    new._inbound_nodes, new._outbound_nodes = [], []
    return new


# Logits that a softmax or sigmoid leaves on what it returns, for the cross-entropies


def logits(output: Any) -> Any:
    """Returns the numbers before the softmax or sigmoid that made `output`; itself when Keras did not keep them."""
    return getattr(output, "_keras_logits", output)


def as_logits(new: Any, old: Any) -> None:
    """Lets the built-in cross-entropies take `new` as logits if they would have done so with `old`."""
    if hasattr(old, "_keras_logits"):
        new._keras_logits = new


# Process-wide state

SEED_GENERATOR, NAME_COUNTERS = "global_seed_generator", "object_name_uids"


def global_state() -> Any:
    """Returns what holds SEED_GENERATOR and NAME_COUNTERS as attributes; None when it has moved: they go on then."""
    try:
        from keras.src.backend.common import global_state
    except ImportError:
        return None
    return getattr(global_state, "GLOBAL_STATE_TRACKER", None)
