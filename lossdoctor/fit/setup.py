"""Reads the static facts of a compiled model: layers, outputs with their losses, optimizer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lossdoctor import __version__, keras_private, losses
from lossdoctor.experiments.layer_outputs import LayerOutputs
from lossdoctor.keras_layers import activation_of, kernel_of, role_of, written_names
from lossdoctor.record import Layer, Optimizer, Output, Setup, Variable

# Layers between the last weights and the output that leave the values as they are.
TRANSPARENT = {
    "Dropout",
    "Flatten",
    "Reshape",
    "Permute",
    "Identity",
    "Squeeze",
    "ExpandDims",
    "SpatialDropout1D",
}
# Settings that a record holds, of a layer, and of the recurrent layer around a cell.
CONFIG = ("momentum", "epsilon", "recurrent_activation", "use_bias", "alpha", "mask_zero")
READING = ("return_sequences", "go_backwards")
KERNEL_SAMPLE = 100_000  # so many entries of a kernel tell its spread well enough


def read_setup(
    model: Any,
    params: dict[str, Any],
    initial: Mapping[int, np.ndarray] | None = None,
) -> Setup:
    """Returns the Setup of a built, compiled model.

    Args:
        model: the model.
        params: Keras's callback params.
        initial: initial weights by id() of their variable, where the variables hold others by now.
    """
    import keras

    leaves, names = keras_private.layers(model), written_names(model)
    around = {id(layer.cell): layer for layer in keras_private.all_layers(model) if hasattr(layer, "cell")}
    return Setup(
        keras=keras.__version__,
        backend=keras.backend.backend(),
        lossdoctor=__version__,
        model_kind=_model_kind(model),
        layers=tuple(_layer(v, names[id(v)], initial or {}, around.get(id(v))) for v in leaves),
        variables=_variables(model, leaves, names),
        outputs=read_outputs(model),
        optimizer=_optimizer(model),
        parameters=int(sum(np.prod(v.shape) for v in model.weights)),
        epochs=params.get("epochs"),
        steps_per_epoch=params.get("steps"),
        steps_per_execution=int(getattr(model, "steps_per_execution", 1) or 1),
        jit_compile=bool(getattr(model, "jit_compile", False)),
        run_eagerly=bool(getattr(model, "run_eagerly", False)),
        precision=str(getattr(getattr(model, "dtype_policy", None), "name", "float32")),
        custom_train_step=_overridden(model, "train_step"),
        metrics=tuple(_metric_names(model)),
    )


def _model_kind(model: Any) -> str:
    import keras

    if isinstance(model, keras.Sequential):
        return "Sequential"
    return "Functional" if type(model).__name__ in ("Functional", "Model") else type(model).__name__


def _overridden(model: Any, name: str) -> bool:
    return not getattr(type(model), name).__module__.startswith("keras.")


def _metric_names(model: Any) -> list[str]:
    config = keras_private.compile_config(model)
    import keras

    return [m if isinstance(m, str) else getattr(m, "name", str(m)) for m in keras.tree.flatten(config.get("metrics"))
            if m is not None]  # fmt: skip


def _variables(model: Any, layers: list[Any], names: Mapping[int, str]) -> tuple[Variable, ...]:
    owners = {v.path: layer for layer in [*keras_private.all_layers(model), *layers] for v in layer.weights}
    return tuple(_variable(v, owners.get(v.path), names) for v in model.trainable_variables)


def _variable(variable: Any, owner: Any, names: Mapping[int, str]) -> Variable:
    layer = variable.path.split("/")[0] if owner is None else names.get(id(owner), owner.name)
    return Variable(variable.path, layer, tuple(int(n) for n in variable.shape), role_of(variable, owner))


# Layers


def _layer(layer: Any, name: str, initial: Mapping[int, np.ndarray], around: Any) -> Layer:
    kernel = kernel_of(layer)
    numbers: dict[str, Any] = {}
    if kernel is not None:
        held = initial.get(id(kernel), kernel)
        values = np.asarray(held.numpy() if hasattr(held, "numpy") else held, np.float64).ravel()
        values = values[:: max(1, values.size // KERNEL_SAMPLE)]
        numbers = {
            "fan_in": int(np.prod(kernel.shape[:-1])),
            "fan_out": int(kernel.shape[-1]),
            "kernel_std": float(values.std()),
            "kernel_mean": float(values.mean()),
            "kernel_spread": float(np.ptp(values)) if values.size else 0.0,
        }
    units = getattr(layer, "units", None) or getattr(layer, "filters", None)
    return Layer(
        name=name,
        kind=type(layer).__name__,
        activation=activation_of(layer),
        units=int(units) if isinstance(units, int) else None,
        parameters=int(sum(np.prod(v.shape) for v in layer.weights)),
        trainable=bool(layer.trainable and (layer.trainable_variables or not layer.weights)),
        initializer=_configured(getattr(layer, "kernel_initializer", None)),
        regularizer=_configured(getattr(layer, "kernel_regularizer", None)),
        constraint=_configured(getattr(layer, "kernel_constraint", None)),
        rate=float(layer.rate) if isinstance(getattr(layer, "rate", None), (int, float)) else None,
        config=_plain_config(layer, CONFIG) | _plain_config(around, READING),
        **numbers,
    )


def _configured(value: Any) -> str | None:
    """Returns "RandomNormal(mean=0.0, stddev=10.0)" for a Keras object with a config."""
    if value is None:
        return None
    try:
        config = {k: v for k, v in value.get_config().items() if v is not None}
    except (AttributeError, NotImplementedError, TypeError):
        return type(value).__name__
    return f"{type(value).__name__}({', '.join(f'{k}={v!r}' for k, v in config.items())})"


def _plain_config(owner: Any, names: tuple[str, ...]) -> dict[str, Any]:
    found = {name: getattr(owner, name, None) for name in names}
    return {k: v for k, v in found.items() if isinstance(v, (bool, int, float, str))}


# Outputs


def read_outputs(model: Any) -> tuple[Output, ...]:
    """Returns the model's outputs, each with its chain of last activations and its loss.

    Of a subclassed model the graph is not known: see `outputs_of_subclass`.
    """
    try:
        tensors = list(model.outputs or ())
    except (AttributeError, ValueError):
        tensors = []
    names = list(getattr(model, "output_names", None) or [f"output_{i}" for i in range(len(tensors))])
    given = spread_losses(keras_private.compile_loss(model), names)
    found = []
    for i, tensor in enumerate(tensors):
        activations, rescaled = _chain(tensor)
        shape = tuple(tensor.shape[1:])
        found.append(make_output(names[i], shape, activations, rescaled, given[i]))
    return tuple(found)


def outputs_of_subclass(model: Any, evaluated: LayerOutputs) -> tuple[Output, ...]:
    """Returns the outputs of a model whose graph Keras does not know, from what its layers were seen to do."""
    given = spread_losses(
        keras_private.compile_loss(model), [f"output_{i}" for i in range(len(evaluated.last))]
    )
    found = []
    for i, (layer, values) in enumerate(zip(evaluated.last, evaluated.outputs, strict=True)):
        name = activation_of(layer) if layer is not None else None
        activations = () if name in (None, "linear") else (str(name),)
        # Without a layer that made the very tensor, something else was done to it: say nothing of activations.
        rescaled = layer is None or name is None
        found.append(make_output(f"output_{i}", tuple(values.shape[1:]), activations, rescaled, given[i]))
    return tuple(found)


def make_output(
    name: str, shape: tuple[Any, ...], activations: tuple[str, ...], rescaled: bool, loss: Any
) -> Output:
    """Returns the Output of one head with what was passed as its loss."""
    key, logits, config = _loss(loss)
    return Output(name, shape, shape[-1] if shape else 1, activations, key, logits, config, rescaled)


def spread_losses(loss: Any, names: list[str]) -> list[Any]:
    """Returns one loss per output name from what compile() got: one, a list, a dict or None."""
    if isinstance(loss, dict):
        return [loss.get(name) for name in names]
    if isinstance(loss, (list, tuple)):
        return [*loss, *[None] * len(names)][: len(names)] if len(names) > 1 else list(loss)[:1] or [None]
    return [loss] * len(names)


def _chain(tensor: Any) -> tuple[tuple[str, ...], bool]:
    """Returns the activations applied last, innermost first, and whether something rescales after the weights."""
    names: list[str] = []
    rescaled = False
    for _ in range(20):
        made = keras_private.maker(tensor)
        if made is None:
            break
        operation, index, taken = made
        if hasattr(operation, "outputs") and hasattr(operation, "layers"):  # a nested model
            tensor = operation.outputs[index]
            continue
        name = activation_of(operation)
        kind = type(operation).__name__
        if name not in (None, "linear"):
            names.insert(0, str(name))
        if getattr(operation, "weights", None) or kind == "InputLayer":
            break
        rescaled |= name is None and kind not in TRANSPARENT and not _does_nothing(operation)
        if len(taken) != 1:
            return tuple(names), True
        tensor = taken[0]
    return tuple(names), rescaled


def _does_nothing(operation: Any) -> bool:
    return type(operation).__name__ == "Rescaling" and (operation.scale, operation.offset) == (1.0, 0.0)


def _loss(loss: Any) -> tuple[str | None, bool, dict[str, Any]]:
    """Returns (canonical name, from_logits, config) of one loss as passed to compile()."""
    if loss is None:
        return None, False, {}
    name = loss if isinstance(loss, str) else getattr(loss, "__name__", None) or type(loss).__name__
    inner = getattr(loss, "fn", None)
    known = losses.canonical(name) if _from_keras(loss) else None
    if known is None and inner is not None and _from_keras(inner):
        known = losses.canonical(getattr(inner, "__name__", ""))
    config = _loss_config(loss)
    return known or f"custom:{name}", bool(config.get("from_logits", False)), config


def _from_keras(loss: Any) -> bool:
    module = getattr(loss, "__module__", "") if not isinstance(loss, str) else "keras"
    return str(module).startswith("keras")


def _loss_config(loss: Any) -> dict[str, Any]:
    try:
        config = dict(loss.get_config()) if hasattr(loss, "get_config") else {}
    except (NotImplementedError, TypeError):
        config = {}
    config.update(config.pop("fn_kwargs", None) or {})
    return {k: v for k, v in config.items() if isinstance(v, (bool, int, float, str)) and k != "name"}


# Optimizer


def _optimizer(model: Any) -> Optimizer | None:
    found = keras_private.optimizers(model)
    if not found:
        return None
    optimizer = found[0]
    schedule = keras_private.rate_of(optimizer)
    is_schedule = hasattr(schedule, "get_config") and callable(schedule)
    try:
        raw = optimizer.get_config()
    except (NotImplementedError, TypeError, AttributeError):
        raw = {}
    config = {k: v for k, v in raw.items() if isinstance(v, (bool, int, float, str))}
    return Optimizer(
        kind=type(optimizer).__name__,
        learning_rate=_rate(optimizer),
        schedule=type(schedule).__name__ if is_schedule else None,
        schedule_config=_schedule_config(schedule) if is_schedule else {},
        config=config,
    )


def _rate(optimizer: Any) -> float | None:
    """Returns the rate of the next step, also under a schedule; None when there is none."""
    from keras import ops

    try:
        return float(ops.convert_to_numpy(optimizer.learning_rate))
    except (AttributeError, TypeError, ValueError):
        return None


def _schedule_config(schedule: Any) -> dict[str, Any]:
    try:
        config = schedule.get_config()
    except (NotImplementedError, TypeError, AttributeError):
        return {}
    return {k: v for k, v in config.items() if isinstance(v, (bool, int, float, str))}
