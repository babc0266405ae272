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
        self._row = stacked(row)
        self._event = None if self._row.device.type == "cpu" else _event(self._row.device)

    def is_ready(self) -> bool:
        """Returns whether reading it would not wait."""
        if self._row.device.type == "cpu":
            return True
        return self._event is not None and bool(self._event.query())

    def values(self) -> list[float]:
        """Returns the numbers. Waits for them."""
        return [float(v) for v in self._row.tolist()]


def _event(device: Any) -> Any:
    """Returns an event behind what the device was asked to do so far; None where it knows none."""
    try:
        event = torch.get_device_module(device).Event()
        event.record()
    except (AttributeError, RuntimeError, NotImplementedError):
        return None
    return event
