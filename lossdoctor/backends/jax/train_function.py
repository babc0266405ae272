"""TrainFunction: takes the place of Keras's own, runs the measured step and takes its row off before Keras sees it."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp

from lossdoctor import keras_private
from lossdoctor.backends.jax.held_state import is_alive
from lossdoctor.backends.jax.step import MeasuredStep, compiled


class TrainFunction:
    """train_function(state, iterator) -> (logs, state), as the trainer calls it once an execution."""

    def __init__(self, model: Any, hooks: Any):
        self._model, self._hooks = model, hooks
        self._step: Any = None
        self._more = range(int(model.steps_per_execution or 1) - 1)
        self._made: list[Any] = []  # what the last step returned, where an interrupt cannot lose it

    def __call__(self, state: Any, iterator: Iterator[Any]) -> tuple[Any, Any]:
        self._made = [(None, state, None)]
        try:
            return self._execution(state, iterator)
        except StopIteration:
            raise
        except BaseException as error:
            self._hooks.leave(type(error).__name__)
            if is_alive(self._made[-1][1]):  # else Keras would put arrays back that are gone
                keras_private.hand_state(self._model, self._made[-1][1])
            raise

    def _execution(self, state: Any, iterator: Iterator[Any]) -> tuple[Any, Any]:
        logs, state = self._run(state, next(iterator), iterator)
        for _ in self._more if self._hooks.installed else ():
            try:
                data = next(iterator)
            except StopIteration:
                break
            logs, state = self._run(state, data, iterator)
        return logs, state

    def _run(self, state: Any, data: Any, iterator: Iterator[Any]) -> tuple[Any, Any]:
        hooks, made = self._hooks, self._made
        for reader in hooks.readers:
            reader.before(data)
        if self._step is None:
            self._step = compiled(MeasuredStep(self._model, hooks), self._model, state)
        try:
            # Not called in Python: Ctrl-C is raised as soon as a call returns, before its result has a name. The
            # memory of the state that went in is given up by then, and the model's weights would be lost.
            made.extend(map(self._step, (state,), (hooks.controls,), (data,)))
        except Exception as error:
            return self._without_us(error, state, data, iterator)
        logs, state, row = made[-1]
        del made[:-1]
        hooks.held.hold(state)
        for reader in hooks.readers[:]:
            try:
                reader.add(row, data)
            except Exception as error:
                hooks.drop(reader, "add", error)
        return logs, state

    def _without_us(
        self, error: Exception, state: Any, data: Any, iterator: Iterator[Any]
    ) -> tuple[Any, Any]:
        """Goes on with Keras's own function on the same data: if that raises too, the error is the user's."""
        model, hooks = self._model, self._hooks
        if model.run_eagerly or not model.jit_compile or not is_alive(state):
            raise error
        hooks.undo()
        logs, state = model.train_function(state, itertools.chain([data], iterator))
        hooks.failures.append(f"step: {type(error).__name__}: {error}"[:400])
        return logs, state


def control(value: float) -> Any:
    """Returns a number as an argument of the step: always of one type, so that it is traced once."""
    return jnp.asarray(value, jnp.float32)
