"""What each layer puts out for the sample, at given weights, without touching the model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import numpy as np

from lossdoctor import backends, keras_private
from lossdoctor.backends.sample import Sample
from lossdoctor.keras_layers import activation_of, written_names
from lossdoctor.record import Activity

# Where an activation is flat: beyond these its derivative is below 2 % (tanh) and 1 % (sigmoid).
TANH_FLAT, SIGMOID_FLAT = 0.99, 0.01
MAX_ENTRIES = 2_000_000  # entries of one layer's output that are evaluated


class LayerOutputs:
    """The activities of all layers and the outputs of the model for one sample.

    Attributes:
        activities: one per call of a leaf layer, in the order of the computation.
        outputs: list of numpy arrays, the model's outputs.
        last_layer: for each output the name of the layer that made it (identity of tensors), or None.
    """

    def __init__(self, activities: tuple[Activity, ...], outputs: list[np.ndarray], last: list[Any]):
        self.activities, self.outputs, self.last = activities, outputs, last


def evaluate_layers(model: Any, weights: list[np.ndarray], sample: Sample, when: str) -> LayerOutputs:
    """Runs the sample through the model in inference mode with `weights` (as `model.get_weights()` gives).

    The call is stateless: neither weights nor statistics nor seeds of the model change.

    Raises:
        Exception: whatever the model raises for such a call; the caller says that nothing was evaluated.
    """
    from keras import ops, tree

    calls: list[tuple[Any, Any, Any]] = []
    with _recording(keras_private.layers(model), calls):
        result = _stateless(model, weights, sample.x)
    tensors = [t for t in tree.flatten(result) if t is not None]
    made = {id(out): layer for layer, _, out in calls}
    last = [made.get(id(t)) for t in tensors]
    names, final = written_names(model), {id(layer) for layer in last if layer is not None}
    activities = tuple(
        _activity(names.get(id(layer), layer.name), layer, given, out, when, id(layer) in final)
        for layer, given, out in calls
    )
    return LayerOutputs(activities, [np.asarray(ops.convert_to_numpy(t), np.float64) for t in tensors], last)


def _stateless(model: Any, weights: list[np.ndarray], x: Any) -> Any:
    from keras import ops, tree

    by_id = {id(v): w for v, w in zip(model.weights, weights, strict=True)}
    trainable = [ops.convert_to_tensor(by_id[id(v)]) for v in model.trainable_variables]
    rest = [ops.convert_to_tensor(by_id.get(id(v), v.value)) for v in model.non_trainable_variables]
    x = tree.map_structure(lambda a: None if a is None else ops.convert_to_tensor(a), x)
    mode = {"training": False} if keras_private.takes_training(model) else {}
    with backends.current().preserved(model):
        result, _ = model.stateless_call(trainable, rest, x, **mode)
    return result


@contextmanager
def _recording(layers: list[Any], calls: list[tuple[Any, Any, Any]]) -> Iterator[None]:
    """Notes (layer, input, output) of every call of a leaf layer while it is open."""
    with ExitStack() as stack:
        for layer in layers:
            before = vars(layer).get("call")
            vars(layer)["call"] = _noting(layer, layer.call, calls)
            stack.callback(_restore, layer, before)
        yield


def _restore(layer: Any, before: Any) -> None:
    if before is None:
        vars(layer).pop("call", None)
    else:
        vars(layer)["call"] = before


def _noting(layer: Any, original: Any, calls: list[tuple[Any, Any, Any]]) -> Any:
    import functools

    @functools.wraps(original)
    def call(*args: Any, **kwargs: Any) -> Any:
        out = original(*args, **kwargs)
        calls.append((layer, args[0] if args else None, out))
        return out

    return call


def _activity(name: str, layer: Any, given: Any, out: Any, when: str, output: bool) -> Activity:
    base = Activity(name, type(layer).__name__, activation_of(layer), when, output=output)
    values = _matrix(out)
    if values is None or not values.size:
        return base
    finite = np.isfinite(values)
    clean = np.where(finite, values, 0.0)
    spread = clean.std(0)
    inputs = _matrix(given)
    return replace(
        base,
        dead=float((clean == 0).all(0).mean()),
        zero=float((clean == 0).mean()),
        saturated=_saturated(base.activation, clean),
        spread=float(np.median(spread)),
        constant=float((spread == 0).mean()),
        mean=float(clean.mean()),
        std=float(clean.std()),
        low=float(clean.min()),
        high=float(clean.max()),
        nonfinite=float((~finite).mean()),
        input_scale=float(np.sqrt(np.mean(np.square(inputs)))) if inputs is not None and inputs.size else 0.0,
    )


def _matrix(value: Any) -> np.ndarray | None:
    """Returns a tensor as [rows, units] (all axes but the last flattened), None for anything else."""
    from keras import ops

    if not hasattr(value, "shape") or not hasattr(value, "dtype"):
        return None
    try:
        array = np.asarray(ops.convert_to_numpy(value))
        if array.ndim == 0:
            return None
        array = array.reshape(-1, array.shape[-1]) if array.ndim > 1 else array[:, None]
        return array[:: max(1, array.size // MAX_ENTRIES)].astype(np.float64)
    except (TypeError, ValueError):
        return None


def _saturated(activation: str | None, values: np.ndarray) -> float:
    if activation == "tanh":
        return float((np.abs(values) > TANH_FLAT).mean())
    if activation in ("sigmoid", "hard_sigmoid"):
        return float(((values < SIGMOID_FLAT) | (values > 1 - SIGMOID_FLAT)).mean())
    return 0.0
