"""Ready: the numbers of one step, on their way from the device to the host."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from lossdoctor.backends.torch.norms import stacked


class Ready:
    """A row of numbers, scalar tensors or floats. On the CPU it is there at once; elsewhere when the device comes to it.

    Args:
        row: the tensors may lie on several devices.
    """

    def __init__(self, row: Sequence[Any]):
        self._numbers = list(row)  # those that are known already take no way over the device
        self._places = [i for i, v in enumerate(row) if torch.is_tensor(v)]
        self._row = stacked([row[i] for i in self._places] or [0.0])
        self._event = None if self._row.device.type == "cpu" else _event(self._row.device)

    def is_ready(self) -> bool:
        """Returns whether reading it would not wait."""
        if self._row.device.type == "cpu":
            return True
        return self._event is not None and bool(self._event.query())

    def values(self) -> list[float]:
        """Returns the numbers. Waits for them."""
        for place, value in zip(self._places, self._row.tolist(), strict=False):
            self._numbers[place] = value
        return self._numbers


def _event(device: Any) -> Any:
    """Returns an event behind what the device was asked to do so far; None where it knows none."""
    try:
        event = torch.get_device_module(device).Event()
        event.record()
    except (AttributeError, RuntimeError, NotImplementedError):
        return None
    return event
