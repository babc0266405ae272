"""TensorFlow as a Backend: the one place that fit/ and experiments/ get all of it from."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import tensorflow as tf

import lossdoctor.backends.tensorflow.derivatives as derivatives
import lossdoctor.backends.tensorflow.host_values as host_values
from lossdoctor.backends.tensorflow.event_file import write_events
from lossdoctor.backends.tensorflow.protection import TensorFlowProtection
from lossdoctor.backends.tensorflow.random_generators import random_state
from lossdoctor.backends.tensorflow.replicated_guard import obstacle
from lossdoctor.backends.tensorflow.training_loop import training_loop
from lossdoctor.backends.tensorflow.watch import TensorFlowWatch
from lossdoctor.backends.tensorflow.weight_norms import WeightNorms


class TensorFlowBackend:
    """See `base.Backend`."""

    name = "tensorflow"
    value_and_gradients = staticmethod(derivatives.value_and_gradients)
    hessian_product = staticmethod(derivatives.hessian_product)
    jacobian_product = staticmethod(derivatives.jacobian_product)
    transposed_product = staticmethod(derivatives.transposed_product)
    training_loop = staticmethod(training_loop)
    random_state = staticmethod(random_state)
    write_events = staticmethod(write_events)

    def watch_step(self, model: Any, steps_per_execution: int) -> TensorFlowWatch:
        return TensorFlowWatch(model, steps_per_execution)

    def guard_obstacle(self, model: Any) -> str | None:
        return obstacle(model)

    def protect(
        self, model: Any, *, steps: int, limit: bool, snapshots: int, folder: Path | None
    ) -> TensorFlowProtection:
        return TensorFlowProtection(model, steps=steps, limit=limit, snapshots=snapshots, folder=folder)

    def weight_norms(self, model: Any) -> WeightNorms:
        return WeightNorms(model)

    def learning_rate(self, optimizer: Any) -> float | None:
        return host_values.learning_rate(optimizer)

    def outside_of_trace(self) -> AbstractContextManager[Any]:
        context: AbstractContextManager[Any] = tf.init_scope()
        return context

    def preserved(self, model: Any) -> AbstractContextManager[Any]:
        return nullcontext()  # all that a call changes is held by variables of Keras

    def run(self, function: Callable[..., Any], *arguments: Any) -> Any:
        return function(*arguments)

    def compiled(self, function: Callable[..., Any]) -> Callable[..., Any]:
        traced: Callable[..., Any] = tf.function(function, autograph=False)
        return traced


BACKEND = TensorFlowBackend()
