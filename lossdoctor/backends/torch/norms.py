"""Norms of many tensors at once, each in float32."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch


def norms_of(tensors: Sequence[Any], order: float = 2.0) -> list[Any]:
    """Returns the norm of each tensor, scalars: the L2 norm, with order=inf the largest absolute entry."""
    return [_norm(t, order) for t in tensors]


def largest_entries(tensors: Sequence[Any]) -> list[Any]:
    """Returns the largest absolute entry of each, NaN where any is: their sum tells whether all are finite."""
    return norms_of(tensors, torch.inf)


def total(values: Sequence[Any]) -> Any:
    """Returns the sum of scalars as a scalar tensor, 0 without any."""
    return stacked(values).sum() if values else torch.zeros(())


def stacked(values: Sequence[Any]) -> Any:
    """Returns scalar tensors and numbers as one float32 vector, on the first device among them that is not the CPU."""
    devices = (v.device for v in values if torch.is_tensor(v) and v.device.type != "cpu")
    device = next(devices, torch.device("cpu"))
    return torch.stack([_on(v, device) for v in values])


def _on(value: Any, device: Any) -> Any:
    if torch.is_tensor(value) and value.dtype is torch.float32 and value.device == device:
        return value
    return torch.as_tensor(value, dtype=torch.float32, device=device)


def _norm(tensor: Any, order: float) -> Any:
    tensor = tensor.detach()
    if tensor.is_sparse:
        tensor = tensor.coalesce().values()
    if tensor.dtype is not torch.float32 and tensor.dtype is not torch.float64:
        tensor = tensor.to(torch.float32)
    return torch.linalg.vector_norm(tensor, order) if tensor.numel() else torch.zeros(())
