"""PyTorch's own random generators: noted and put back."""

from __future__ import annotations

from collections.abc import Callable

import torch


def random_state() -> Callable[[], None]:
    """See `base.Backend.random_state`. fit draws the order of rows from them, torch modules their dropout."""
    host = torch.random.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []

    def restore() -> None:
        torch.random.set_rng_state(host)
        if devices:
            torch.cuda.set_rng_state_all(devices)

    return restore
