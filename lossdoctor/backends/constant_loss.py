"""The loss of the best constant prediction, inside the step: what a model that learns nothing would get."""

from __future__ import annotations

import math
from typing import Any

from keras import ops

from lossdoctor import keras_private
from lossdoctor.losses import canonical

FEWEST = 8  # targets in a batch; of fewer the spread says too little


def loss_name(model: Any) -> str | None:
    """Returns the canonical name of the model's one loss; None for several, weighted or custom ones."""
    loss = keras_private.compile_loss(model)
    if isinstance(loss, (list, tuple, dict)) and len(loss) == 1:
        loss = next(iter(loss.values())) if isinstance(loss, dict) else loss[0]
    weighted = keras_private.compile_config(model).get("loss_weights") is not None
    if weighted or loss is None or isinstance(loss, (list, tuple, dict)):
        return None
    named = loss if isinstance(loss, str) else getattr(loss, "__name__", None) or type(loss).__name__
    return canonical(named)


def trivial_loss(name: str | None, y: Any, y_pred: Any, sample_weight: Any) -> Any:
    """Returns a number or a scalar tensor, NaN when it cannot be told.

    For cross-entropies the logarithm of the number of classes, for squared and absolute errors the
    spread of this batch's targets. Never used as a threshold alone, so an upper bound is good enough.
    """
    if name is None or sample_weight is not None or not hasattr(y_pred, "shape") or not hasattr(y, "shape"):
        return math.nan
    if name in ("categorical_crossentropy", "sparse_categorical_crossentropy"):
        units = y_pred.shape[-1]
        return math.log(units) if units and units > 1 else math.nan
    if name == "binary_crossentropy":
        return math.log(2.0)
    if name in ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh"):
        return _spread(name, ops.cast(y, "float32"))
    return math.nan


def _spread(name: str, y: Any) -> Any:
    rows = ops.cast(ops.shape(y)[0], "float32")
    away = y - ops.mean(y, axis=0, keepdims=True)
    squared = name == "mean_squared_error"
    spread = ops.mean(ops.square(away) if squared else ops.abs(away)) * rows / ops.maximum(rows - 1.0, 1.0)
    return ops.where((rows >= FEWEST) & (spread > 0.0), spread, math.nan)
