"""A model's train_step with one more output: a packed row of what was measured in it."""

from __future__ import annotations

from typing import Any

import jax
import jax.numpy as jnp

from lossdoctor.backends.jax.notes import Notes
from lossdoctor.backends.jax.traced_step import TracedStep


class MeasuredStep:
    """step(state, controls, data) -> (logs, state, row), as pure as the user's own train_step.

    Args:
        model: the model whose train_step it calls.
        hooks: take notes in it, and know its readers.

    `controls` is () or (factor on the learning rate, limit of gradient norms), scalars: as arguments of the step they
    can be changed without another trace.
    """

    def __init__(self, model: Any, hooks: Any):
        self._model, self._hooks = model, hooks
        self.__name__ = "train_step"  # as Keras's own is called in a profile

    def __call__(self, state: Any, controls: Any, data: Any) -> tuple[Any, Any, Any]:
        hooks = self._hooks
        notes = Notes(self._model, state)
        scale, limit = controls or (None, None)
        hooks.notes, hooks.scale = notes, scale
        try:
            logs, new = self._model.train_step(state, data)
        finally:
            hooks.notes = hooks.scale = None
        return (logs, *self._measured(TracedStep(self._model, notes, state, new, logs, data, limit)))

    def _measured(self, step: TracedStep) -> tuple[Any, Any]:
        """Returns the state to go on with and the row. A reader that fails is dropped; the step goes on without it."""
        new = step.new
        row: list[Any] = []
        for reader in list(self._hooks.readers):
            try:
                measured = [jnp.asarray(v, jnp.float32) for v in reader.measure(step)]
                chosen = reader.choose(step)
            except Exception as error:
                self._hooks.drop(reader, "measure", error)
                continue
            reader.columns = slice(len(row), len(row) + len(measured))
            row += measured
            new = chosen if chosen is not step.new else new
        return new, jnp.stack(row) if row else jnp.zeros(0)


def compiled(step: MeasuredStep, model: Any, state: Any) -> Any:
    """Returns the step as Keras would run it: jitted, giving up the memory of the state that it is given."""
    import keras

    if model.run_eagerly or not model.jit_compile:
        return step
    if keras.distribution.distribution() is None:
        return jax.jit(step, donate_argnums=0)
    shardings = tuple([a.sharding for a in group] for group in state)
    return jax.jit(step, donate_argnums=0, out_shardings=(None, shardings, None))
