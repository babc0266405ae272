"""Hooks into one model's training step, and their complete removal.

Everything is wrapped on the instance, through `__dict__`: Keras and torch track what is set with `setattr`, and nothing
of ours may be tracked, saved or pickled. Keras's train function looks `train_step` up anew in each step.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

from lossdoctor import keras_private
from lossdoctor.backends.torch.readers import Reader
from lossdoctor.backends.torch.step import Step

_HOOKS: weakref.WeakKeyDictionary[Any, Hooks] = weakref.WeakKeyDictionary()


class Hooks:
    """What is set on one model during a fit; `Hooks.of(model)` gives the one that a model has.

    Attributes:
        readers: who measures the steps.
        step: the one that is going on; None between steps.
        error: name of the exception class that a step raised, "KeyboardInterrupt" for Ctrl-C.
        failures: errors of ours; their readers were dropped.
    """

    def __init__(self, model: Any):
        self._model = weakref.ref(model)
        self.readers: list[Reader] = []
        self.step: Step | None = None
        self.error: str | None = None
        self.failures: list[str] = []
        self._undo: list[Callable[[], None]] = []
        self._layers: list[Any] = []

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

    def undo(self) -> None:
        """Restores the model as if we had never been there. Safe to call at any time, any number of times."""
        while self._undo:
            self._undo.pop()()
        self._layers = []

    def _install(self) -> None:
        model = self._model()
        if self._undo or model is None:
            return
        self.error, self.failures = None, []
        self._numbers = {id(v): i for i, v in enumerate(model.trainable_variables)}
        self._regularized = any(getattr(v, "regularizer", None) for v in model.trainable_variables)
        self._layers = [model, *keras_private.all_layers(model)]
        self.replace(model, "train_step", self._train_step(model.train_step))
        self.replace(model, "test_step", self._test_step(model.test_step))
        self.replace(model, "compute_loss", self._compute_loss(model.compute_loss))
        for optimizer in keras_private.outer_optimizers(model):
            self.replace(optimizer, "apply", self._apply(optimizer))

    def _penalized(self) -> bool:
        return self._regularized or keras_private.may_add_losses(self._layers)

    def replace(self, owner: Any, name: str, wrapper: Any) -> None:
        """Sets an attribute beside Keras's and torch's tracking, until `undo`."""
        before = vars(owner).get(name)

        def restore() -> None:
            if before is None:
                vars(owner).pop(name, None)
            else:
                vars(owner)[name] = before

        vars(owner)[name] = wrapper
        self._undo.append(restore)

    # The wrappers

    def _train_step(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def train_step(data: Any, *args: Any, **kwargs: Any) -> Any:
            self.step = Step(self._model(), self._numbers, self._penalized, data)
            try:
                self._tell("before", self.step)
                self.step.logs = original(data, *args, **kwargs)
                self._tell("after", self.step)
                return self.step.logs
            except BaseException as error:
                self._leave(type(error).__name__)
                raise
            finally:
                self.step = None

        return train_step

    def _test_step(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def test_step(data: Any, *args: Any, **kwargs: Any) -> Any:
            self._tell("on_test_data", data)
            return original(data, *args, **kwargs)

        return test_step

    def _compute_loss(self, original: Callable[..., Any]) -> Callable[..., Any]:
        names = ("x", "y", "y_pred", "sample_weight")

        def compute_loss(*args: Any, **kwargs: Any) -> Any:
            loss = original(*args, **kwargs)
            if self.step is not None:
                self._note("compute_loss", self.step.note_loss, loss)
                given = dict(zip(names, args, strict=False)) | kwargs
                self._tell("on_loss", self.step, given)
            return loss

        return compute_loss

    def _apply(self, optimizer: Any) -> Callable[..., Any]:
        original = optimizer.apply

        def apply(grads: Any, trainable_variables: Any = None) -> Any:
            grads, step = list(grads), self.step
            if trainable_variables is not None:
                trainable_variables = list(trainable_variables)
            if step is None:
                return original(grads, trainable_variables)
            self._note("apply", step.note_gradients, optimizer, grads, trainable_variables)
            # All are asked: each takes notes of the update.
            answers = [self._ask(reader, step) for reader in list(self.readers)]
            return original(grads, trainable_variables) if all(answers) else None

        return apply

    # An error of ours never ends a step of the user's

    def _tell(self, method: str, *args: Any) -> None:
        for reader in list(self.readers):
            try:
                getattr(reader, method)(*args)
            except Exception as error:
                self._drop(reader, method, error)

    def _ask(self, reader: Reader, step: Step) -> bool:
        try:
            return reader.allows(step)
        except Exception as error:
            self._drop(reader, "allows", error)
            return True

    def _note(self, doing: str, note: Callable[..., None], *args: Any) -> None:
        try:
            note(*args)
        except Exception as error:
            self.failures.append(f"{doing}: {type(error).__name__}: {error}"[:400])

    def _drop(self, reader: Reader, method: str, error: Exception) -> None:
        if reader in self.readers:
            self.readers.remove(reader)
        self.failures.append(f"{type(reader).__name__}.{method}: {type(error).__name__}: {error}"[:400])

    def _leave(self, error: str) -> None:
        """Notes what a step raised and takes everything out: Keras makes no further step."""
        self.error = error
        for reader in list(self.readers):
            reader.leave()
        self.undo()
        self.readers.clear()
