"""PyTorch as a Backend: the one place that fit/ and experiments/ get all of it from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import torch

from lossdoctor.backends.base import UnsupportedBackend
from lossdoctor.backends.event_file import write_events
from lossdoctor.backends.torch import derivatives, state
from lossdoctor.backends.torch.preserved import preserved
from lossdoctor.backends.torch.protection import TorchProtection, obstacle
from lossdoctor.backends.torch.random_generators import random_state
from lossdoctor.backends.torch.training_loop import training_loop
from lossdoctor.backends.torch.watch import TorchWatch
from lossdoctor.backends.torch.weight_norms import WeightNorms


class TorchBackend:
    """See `base.Backend`."""

    name = "torch"
    value_and_gradients = staticmethod(derivatives.value_and_gradients)
    hessian_product = staticmethod(derivatives.hessian_product)
    jacobian_product = staticmethod(derivatives.jacobian_product)
    transposed_product = staticmethod(derivatives.transposed_product)
    preserved = staticmethod(preserved)
    random_state = staticmethod(random_state)
    training_loop = staticmethod(training_loop)
    write_events = staticmethod(write_events)

    def watch_step(self, model: Any, steps_per_execution: int) -> TorchWatch:
        if model.jit_compile:
            raise UnsupportedBackend(
                "lossdoctor cannot watch training under torch.compile; leave jit_compile=True out to be watched"
            )
        return TorchWatch(model)

    def guard_obstacle(self, model: Any) -> str | None:
        return obstacle(model)

    def protect(
        self, model: Any, *, steps: int, limit: bool, snapshots: int, folder: Path | None
    ) -> TorchProtection:
        return TorchProtection(model, limit=limit, snapshots=snapshots, folder=folder)

    def weight_norms(self, model: Any) -> WeightNorms:
        return WeightNorms(model)

    def learning_rate(self, optimizer: Any) -> float | None:
        return state.learning_rate(optimizer)

    def outside_of_trace(self) -> AbstractContextManager[Any]:
        # The garbage collector may call us where the user has switched gradients off.
        context: AbstractContextManager[Any] = torch.enable_grad()
        return context

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return self.compiled(function)(*arguments)

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """As it is: nothing is compiled, and no graph for a backward pass is held."""
        plain: Callable[..., Any] = torch.no_grad()(function)
        return plain


BACKEND = TorchBackend()
