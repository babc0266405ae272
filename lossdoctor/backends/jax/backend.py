"""JAX as a Backend: the one place that fit/ and experiments/ get all of it from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import jax

from lossdoctor.backends.base import UnsupportedBackend
from lossdoctor.backends.event_file import write_events
from lossdoctor.backends.jax import derivatives, held_state, programs
from lossdoctor.backends.jax.protection import JaxProtection, obstacle, uses_nnx
from lossdoctor.backends.jax.training_loop import training_loop
from lossdoctor.backends.jax.watch import JaxWatch
from lossdoctor.backends.jax.weight_norms import WeightNorms


class JaxBackend:
    """See `base.Backend`."""

    name = "jax"
    value_and_gradients = staticmethod(derivatives.value_and_gradients)
    hessian_product = staticmethod(derivatives.hessian_product)
    jacobian_product = staticmethod(derivatives.jacobian_product)
    transposed_product = staticmethod(derivatives.transposed_product)
    run = staticmethod(programs.run)
    training_loop = staticmethod(training_loop)
    write_events = staticmethod(write_events)

    def watch_step(self, model: Any, steps_per_execution: int) -> JaxWatch:
        if uses_nnx():
            raise UnsupportedBackend(
                "lossdoctor cannot watch training under Keras's NNX mode; unset KERAS_NNX_ENABLED to be watched"
            )
        return JaxWatch(model, steps_per_execution)

    def guard_obstacle(self, model: Any) -> str | None:
        return obstacle(model)

    def protect(
        self, model: Any, *, steps: int, limit: bool, snapshots: int, folder: Path | None
    ) -> JaxProtection:
        return JaxProtection(model, limit=limit, snapshots=snapshots, folder=folder)

    def weight_norms(self, model: Any) -> WeightNorms:
        return WeightNorms(model)

    def learning_rate(self, optimizer: Any) -> float | None:
        return held_state.learning_rate(optimizer)

    def outside_of_trace(self) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = jax.ensure_compile_time_eval()
        return context

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        traced: Callable[..., Any] = jax.jit(function)
        return traced

    def preserved(self, model: Any) -> AbstractContextManager[Any]:
        return nullcontext()  # all that a call changes is held by variables of Keras

    def random_state(self, seed: int) -> Callable[[], None]:
        return lambda: None  # JAX has no generator of its own; Keras's seeds are put back by those who ask


BACKEND = JaxBackend()
