"""PyTorch's own random generators: noted, seeded and put back."""

from __future__ import annotations

from collections.abc import Callable

import torch


def random_state(seed: int) -> Callable[[], None]:
    """See `base.Backend.random_state`."""
    restore = noted()
    torch.random.manual_seed(seed)
    return restore


def noted() -> Callable[[], None]:
    """Notes the generators that dropout without a seed of its own and torch modules draw from."""
    host = torch.random.get_rng_state()
    devices = torch.cuda.get_rng_state_all() if torch.cuda.is_available() else []

    def restore() -> None:
        torch.random.set_rng_state(host)
        if devices:
            torch.cuda.set_rng_state_all(devices)

    return restore
