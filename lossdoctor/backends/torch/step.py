"""Step: what one training step was given and made, noted while it runs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import keras
import torch
from keras import tree

from lossdoctor import keras_private
from lossdoctor.backends.base import SKIPPED
from lossdoctor.backends.torch.norms import largest_entries, norms_of, total


class Step:
    """Notes of one step. Nothing here waits for the device.

    Attributes:
        batch: (x, y, sample_weight), as the step got them.
        loss, penalty: of the batch, scalars without a graph; None while unknown.
        logs: what train_step returned; None before its end.
        gradients: by the number of their variable, with the factor by which the loss was scaled; several where several
            optimizers were given one for it.
        updated: whether an optimizer was asked for an update.
        scaled: whether a LossScaleOptimizer decides by itself whether there is an update.
    """

    def __init__(self, model: Any, numbers: dict[int, int], penalized: Callable[[], bool], data: Any):
        self.model, self._numbers, self._penalized, self.data = model, numbers, penalized, data
        self.loss: Any = None
        self.penalty: Any = None
        self.logs: Any = None
        self.gradients: dict[int, list[tuple[Any, Any]]] = {}
        self.updated = self.scaled = False

    @cached_property
    def batch(self) -> Any:
        return keras.utils.unpack_x_y_sample_weight(self.data)

    # Noted while the step runs

    def note_loss(self, loss: Any) -> None:
        """`loss` is the true loss of the batch: with penalties and weights, before loss scaling."""
        self.loss, self.penalty = scalar(loss), 0.0
        if self._penalized():  # to ask all layers takes as long as all norms together
            with torch.no_grad():
                self.penalty = sum(scalar(part) for part in self.model.losses)

    def note_gradients(
        self, optimizer: Any, gradients: Sequence[Any], variables: Sequence[Any] | None
    ) -> None:
        """Gradients are as the step got them: unclipped, and still scaled."""
        self.updated, self.scaled = True, self.scaled or hasattr(optimizer, "inner_optimizer")
        scale = loss_scale(optimizer)
        owners = keras_private.trained_by(optimizer) if variables is None else variables
        for variable, gradient in zip(owners, gradients, strict=True):
            number = self._numbers.get(id(variable))
            if gradient is not None and number is not None:
                self.gradients.setdefault(number, []).append((gradient.detach(), scale))
        vars(self).pop("norms", None)  # another optimizer's may be known already
        vars(self).pop("update_asked", None)

    # Measured

    @cached_property
    def norms(self) -> list[Any]:
        """L2 norm of each trainable variable's gradient, a scalar each: 0 without one, SKIPPED without an update."""
        count = len(self._numbers)
        if not self.updated:
            return [torch.tensor(SKIPPED)] * count
        flat = [(i, g, s) for i, pairs in self.gradients.items() for g, s in pairs]
        found: dict[int, Any] = {}
        for (i, _, scale), norm in zip(flat, norms_of([g for _, g, _ in flat]), strict=True):
            norm = norm if scale is None else norm / scale
            found[i] = torch.maximum(found[i], norm) if i in found else norm
        norms = [found[i] if i in found else torch.zeros(()) for i in range(count)]
        return [torch.where(self.update_asked, n, SKIPPED) for n in norms] if self.scaled else norms

    @cached_property
    def update_asked(self) -> Any:
        """Whether an update was asked for: a LossScaleOptimizer makes none where a scaled gradient is not finite."""
        raw = [g for pairs in self.gradients.values() for g, _ in pairs]
        return torch.isfinite(total(largest_entries(raw))) if self.scaled else torch.tensor(self.updated)

    def batch_loss(self, before: tuple[Any, Any] | None) -> Any:
        """Returns the loss of the batch, a scalar: noted, else from the metric "loss", else from the logs; NaN without.

        Args:
            before: (total, count) of the metric "loss" before the step; None where there is none to go by.
        """
        if self.loss is not None:
            return self.loss
        logged = scalar(torch.nan if self.logged is None else self.logged)
        if before is None:
            return logged
        now = loss_total(self.model) or before
        rows = now[1] - before[1]
        return torch.where(rows > 0, (now[0] - before[0]) / torch.clamp(rows, min=1e-30), logged)

    @property
    def logged(self) -> Any:
        """The value "loss" of train_step's own, None without."""
        return self.logs.get("loss") if isinstance(self.logs, dict) else None

    def leaves(self, part: int) -> list[Any]:
        """Returns the dense tensors of x (0), y (1) or sample_weight (2)."""
        dense: Callable[[Any], bool] = lambda a: hasattr(a, "dtype") and hasattr(a, "ndim")  # noqa: E731
        return [torch.as_tensor(a) for a in tree.flatten(self.batch[part]) if dense(a)]


def loss_scale(optimizer: Any) -> Any:
    """Returns what the gradients were multiplied by: a number, or the tensor of a LossScaleOptimizer; None for nothing."""
    dynamic = getattr(optimizer, "dynamic_scale", None)
    if dynamic is None:
        return getattr(optimizer, "loss_scale_factor", None)
    return dynamic.value.detach().clone()  # apply changes it in place


def loss_total(model: Any) -> tuple[Any, Any] | None:
    """Returns copies of (total, count) of the metric "loss", None without that metric."""
    found = keras_private.loss_total(model)
    return None if found is None else (scalar(found[0].value).clone(), scalar(found[1].value).clone())


def scalar(value: Any) -> Any:
    """Returns a number or a tensor as a float32 scalar without a graph."""
    value = torch.as_tensor(value).detach().to(torch.float32)
    return value if value.ndim == 0 else value.mean()
