"""Statistics of normalisation layers: those that a layer holds, and those that a sample has at the same place."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from lossdoctor import keras_private
from lossdoctor.experiments.layer_calls import Stand, first_argument

EPSILON = 1e-3  # Keras's own, for layers that name none
UNCHANGED = 1e-6  # how near to 0 and 1 statistics are that no update has touched


def normalization_layers(model: Any) -> list[Any]:
    """Returns the leaf layers that hold a moving mean and variance, by these names or as BatchNormalization."""
    needed = ("moving_mean", "moving_variance", "axis")
    return [v for v in keras_private.layers(model) if all(hasattr(v, name) for name in needed)]


def of_sample(layer: Any, found: dict[int, dict[str, Any]]) -> Stand:
    """Returns a stand in which a layer uses the statistics of what it is called on, in inference mode.

    To be used in a stateless scope, which throws away what is assigned. `facts` of the layer are put into `found`
    by its id().
    """

    def stand(original: Callable[..., Any], given: inspect.BoundArguments) -> Any:
        mean, variance = _moments(layer, first_argument(given), given.arguments.get("mask"))
        mode = given.arguments.get("training")
        found[id(layer)] = facts(layer, mean, variance, bool(mode))
        layer.moving_mean.assign(ops.cast(mean, layer.moving_mean.dtype))
        layer.moving_variance.assign(ops.cast(variance, layer.moving_variance.dtype))
        if "training" in given.signature.parameters:
            given.arguments["training"] = False
        return original(*given.args, **given.kwargs)

    return stand


def _moments(layer: Any, inputs: Any, mask: Any) -> tuple[Any, Any]:
    """Returns mean and variance of the inputs [channels] over all axes but the layer's, without masked steps."""
    inputs = ops.cast(inputs, "float32")
    axis = layer.axis[0] if isinstance(layer.axis, (list, tuple)) else layer.axis
    others = [i for i in range(len(inputs.shape)) if i != axis % len(inputs.shape)]
    if mask is None:
        return ops.mean(inputs, axis=others), ops.var(inputs, axis=others)
    valid = ops.cast(ops.expand_dims(mask, -1), "float32") + ops.zeros_like(inputs)
    count = ops.maximum(ops.sum(valid, axis=others, keepdims=True), 1.0)
    mean = ops.sum(inputs * valid, axis=others, keepdims=True) / count
    variance = ops.sum(ops.square(inputs - mean) * valid, axis=others, keepdims=True) / count
    return ops.reshape(mean, [-1]), ops.reshape(variance, [-1])


def facts(layer: Any, mean: Any, variance: Any, training: bool) -> dict[str, Any]:
    """Returns how far a layer's moving statistics are from those of a sample.

    Args:
        layer: one of `normalization_layers`.
        mean: of the sample, [channels].
        variance: of the sample, [channels].
        training: whether the layer was called in training mode although the model was not.

    Returns:
        "momentum"; "updates_needed": 1 / (1 - momentum), one time constant of the moving average; both None where the layer
        names no momentum; "mean_distance":
        root mean square over channels of the means' difference in standard deviations of the sample;
        "variance_ratio": median over channels of moving over sample variance; "distance": the larger of the mean's
        distance and the root mean square of half the log of the variances' ratio; "unchanged": the statistics are
        still the initial 0 and 1; "frozen": the layer is not trainable; "always_training": `training=True` is
        written into the model.
    """
    own_mean, own_variance, mean, variance = (
        np.asarray(ops.convert_to_numpy(ops.cast(v, "float32")), np.float64)
        for v in (layer.moving_mean, layer.moving_variance, mean, variance)
    )
    epsilon = float(getattr(layer, "epsilon", EPSILON))
    apart = np.sqrt(np.mean(np.square(own_mean - mean) / (variance + epsilon)))
    ratio = (own_variance + epsilon) / (variance + epsilon)
    scale = np.sqrt(np.mean(np.square(0.5 * np.log(np.maximum(ratio, 1e-30)))))
    momentum = getattr(layer, "momentum", None)
    return {
        "momentum": None if momentum is None else float(momentum),
        "updates_needed": None if momentum is None else 1 / max(1 - float(momentum), 1e-9),
        "mean_distance": float(apart), "variance_ratio": float(np.median(ratio)),
        "distance": float(np.nan_to_num(max(apart, scale), nan=np.inf)),
        "unchanged": bool(np.abs(own_mean).max() < UNCHANGED and np.abs(own_variance - 1).max() < UNCHANGED),
        "frozen": not layer.trainable, "always_training": training,
    }  # fmt: skip
