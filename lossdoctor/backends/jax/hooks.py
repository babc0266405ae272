"""Hooks into one model's training step, and their complete removal.

Everything is wrapped on the instance, through `__dict__`: Keras tracks what is set with `setattr`, and nothing of ours
may be tracked, saved or pickled. The wrappers only take notes, while a step of ours is traced.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from lossdoctor import keras_private
from lossdoctor.backends.jax.held_state import HeldState
from lossdoctor.backends.jax.notes import Notes
from lossdoctor.backends.jax.readers import Reader

_HOOKS: weakref.WeakKeyDictionary[Any, Hooks] = weakref.WeakKeyDictionary()


class Hooks:
    """What is set on one model during a fit; `Hooks.of(model)` gives the one that a model has.

    Attributes:
        readers: who measures the steps, in the order of their columns in a step's row.
        notes: of the step that is being traced; None between steps.
        controls: arguments of the step, see `MeasuredStep`.
        scale: factor on the learning rate of the step that is being traced, a tensor; None when there is none.
        held: the state that the fit holds in the place of the model's variables.
        error: name of the exception class that a step raised, "KeyboardInterrupt" for Ctrl-C.
        failures: errors of ours; their readers were dropped.
    """

    def __init__(self, model: Any):
        self._model = weakref.ref(model)
        self.readers: list[Reader] = []
        self.notes: Notes | None = None
        self.controls: tuple[Any, ...] = ()
        self.scale: Any = None
        self.held = HeldState(model)
        self.error: str | None = None
        self.failures: list[str] = []
        self._undo: list[Callable[[], None]] = []

    @classmethod
    def of(cls, model: Any) -> Hooks:
        if model not in _HOOKS:
            _HOOKS[model] = cls(model)
        return _HOOKS[model]

    def add(self, reader: Reader) -> None:
        """Lets `reader` measure the steps. Before the first one."""
        if reader not in self.readers:
            self.readers.append(reader)
        self._install()

    def remove(self, reader: Reader) -> None:
        """Takes `reader` out; the last one out restores the model."""
        if reader in self.readers:
            self.readers.remove(reader)
        if not self.readers:
            self.undo()

    def drop(self, reader: Reader, doing: str, error: BaseException) -> None:
        """Goes on without a reader that failed."""
        if reader in self.readers:
            self.readers.remove(reader)
        self.failures.append(f"{type(reader).__name__}.{doing}: {type(error).__name__}: {error}"[:400])

    @property
    def installed(self) -> bool:
        return bool(self._undo)

    def leave(self, error: str) -> None:
        """Notes what a step raised and takes everything out: Keras makes no further step."""
        self.error = error
        self.undo()
        self.readers.clear()

    def undo(self) -> None:
        """Restores the model as if we had never been there. Safe to call at any time, any number of times."""
        while self._undo:
            self._undo.pop()()
        self.held.forget()

    def _install(self) -> None:
        from lossdoctor.backends.jax.train_function import TrainFunction

        model = self._model()
        if self._undo or model is None:
            return
        self.error, self.failures = None, []
        self.replace(model, "compute_loss", self._compute_loss(model.compute_loss))
        for metric in keras_private.loss_metrics(model):
            self.replace(metric, "update_state", self._update_state(metric.update_state))
        for optimizer in keras_private.outer_optimizers(model):
            self.replace(optimizer, "stateless_apply", self._stateless_apply(optimizer))
        self._exchange(model, "train_function", TrainFunction(model, self))

    def replace(self, owner: Any, name: str, wrapper: Any) -> None:
        """Sets an attribute beside Keras's tracking, until `undo`."""
        before = vars(owner).get(name)

        def restore() -> None:
            if before is None:
                vars(owner).pop(name, None)
            else:
                vars(owner)[name] = before

        vars(owner)[name] = wrapper
        self._undo.append(restore)

    def _exchange(self, model: Any, name: str, function: Any) -> None:
        before = getattr(model, name)
        setattr(model, name, function)

        def restore() -> None:
            if getattr(model, name) is function:
                setattr(model, name, before)

        self._undo.append(restore)

    def tap_validation(self, tap: Callable[[Any], Any]) -> None:
        """Lets the iterators of validation data go through `tap` until `undo`."""
        model = self._model()
        if model is None:
            return
        model.make_test_function()
        before = model.test_function
        self._exchange(model, "test_function", lambda state, iterator: before(state, tap(iterator)))

    # The wrappers

    def _compute_loss(self, original: Callable[..., Any]) -> Callable[..., Any]:
        names = ("x", "y", "y_pred", "sample_weight")

        def compute_loss(*args: Any, **kwargs: Any) -> Any:
            loss = original(*args, **kwargs)
            model, notes = self._model(), self.notes
            if notes is not None and model is not None:
                given = dict(zip(names, args, strict=False)) | kwargs
                self._told("compute_loss", lambda: notes.note_penalty(list(model.losses)))
                for reader in list(self.readers):
                    self._told("compute_loss", lambda r=reader: r.on_loss(notes, given))  # type: ignore[misc]
            return loss

        return compute_loss

    def _update_state(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def update_state(values: Any, *args: Any, **kwargs: Any) -> Any:
            notes = self.notes
            if notes is not None:
                self._told("update_state", lambda: notes.note_loss(values))
            return original(values, *args, **kwargs)

        return update_state

    def _stateless_apply(self, optimizer: Any) -> Callable[..., Any]:
        original = optimizer.stateless_apply

        def stateless_apply(optimizer_variables: Any, grads: Any, trainable_variables: Any) -> Any:
            grads, notes = list(grads), self.notes
            if notes is not None:
                values = list(optimizer_variables)
                self._told("stateless_apply", lambda: notes.note_gradients(optimizer, values, grads))
            return original(optimizer_variables, grads, trainable_variables)

        return stateless_apply

    def _told(self, doing: str, note: Callable[[], None]) -> None:
        try:
            note()
        except Exception as error:  # the user's step goes on
            self.failures.append(f"{doing}: {type(error).__name__}: {error}"[:400])
