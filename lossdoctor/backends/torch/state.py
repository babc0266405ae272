"""The tensors that a training step changes: of Keras's variables, and the buffers of torch modules inside the model."""

from __future__ import annotations

from typing import Any

import torch

from lossdoctor import keras_private


def variables(model: Any) -> list[Any]:
    """Returns weights, statistics, seed states and optimizer slots; not the learning rate, not a loss scale.

    Putting the rate back would undo the cut; the loss scale finds its own level.
    """
    found = [*model.trainable_variables, *model.non_trainable_variables]
    for optimizer in keras_private.optimizers(model):
        rate = keras_private.rate_of(optimizer)
        found += [v for v in optimizer.variables if v is not rate]
    return list({id(v): v for v in found}.values())


def buffers(model: Any) -> list[Any]:
    """Returns what torch modules inside the model keep besides parameters, which Keras does not know of."""
    modules = [m for m in [model, *keras_private.all_layers(model)] if isinstance(m, torch.nn.Module)]
    return list({id(b): b for m in modules for b in m.buffers()}.values())


def tensors(model: Any) -> list[Any]:
    """Returns the tensors of `variables` and `buffers`, which share their memory."""
    return [*(v.value.detach() for v in variables(model)), *buffers(model)]


def changed_by_forward(model: Any) -> list[Any]:
    """Returns statistics, seeds, metrics and buffers: state that a step has changed before its update is made."""
    held = [*model.non_trainable_variables, *model.metrics_variables]
    return [*({id(v): v.value.detach() for v in held}).values(), *buffers(model)]


def statistics(model: Any) -> list[Any]:
    """Returns moving averages and the like, where they are made of floats."""
    found = [v.value.detach() for v in keras_private.statistics(model)]
    return [t for t in [*found, *buffers(model)] if t.is_floating_point()]


def put_back(tensors: list[Any], values: list[Any]) -> None:
    """Gives tensors their earlier values, in place."""
    with torch.no_grad():
        for tensor, value in zip(tensors, values, strict=True):
            tensor.copy_(torch.as_tensor(value))


def learning_rate(optimizer: Any) -> float | None:
    """Returns the rate of the next step, also under a schedule; None when there is none."""
    try:
        return float(optimizer.learning_rate)
    except (AttributeError, TypeError, ValueError, RuntimeError):
        return None
