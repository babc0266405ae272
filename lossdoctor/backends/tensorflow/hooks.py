"""Hooks into one model's compiled training step, and their complete removal.

Everything is wrapped on the instance, through `__dict__`: Keras tracks what is set with `setattr`, and
nothing of ours may be tracked, saved or pickled. The wrappers do their work while a step is traced.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from typing import Any

import lossdoctor.backends.tensorflow.replicas as replicas
from lossdoctor import keras_private
from lossdoctor.backends.tensorflow.train_function import lean


class Observer:
    """What wants to look into the step. All methods run at trace time (each step when run eagerly).

    The tensors handed in are symbolic. What is measured is kept in tf.Variables of the observer's own.
    """

    def before_step(self, data: Any) -> None:
        """`data` is what `train_step` got."""

    def on_loss(self, x: Any, y: Any, y_pred: Any, sample_weight: Any, loss: Any) -> None:
        """`loss` is the true batch loss (with penalties and weights, before loss scaling), a scalar."""

    def around_apply(
        self, proceed: Callable[[], Any], gradients: Sequence[Any], variables: Sequence[Any]
    ) -> None:
        """Must call `proceed()`, which makes the update. Gradients are unscaled and unclipped."""
        proceed()

    def after_step(self, logs: Any) -> None:
        """`logs` is what `train_step` returned."""

    def on_failure(self, data: Any) -> None:
        """`data` is the batch after the one with which a step raised. Runs on the host."""

    def on_test_data(self, data: Any) -> None:
        """`data` is what `test_step` got in a validation during fit."""


_HOOKS: weakref.WeakKeyDictionary[Any, Hooks] = weakref.WeakKeyDictionary()


class Hooks:
    """The wrappers on one model; `Hooks.of(model)` gives the one that a model has."""

    def __init__(self, model: Any):
        self._model = weakref.ref(model)
        self.observers: list[Observer] = []
        self.in_step = False
        self.saw_loss = False  # compute_loss was called by the step that was traced last
        self.error: str | None = None  # what a step raised, "KeyboardInterrupt" for Ctrl-C
        self.failures: list[str] = []  # errors of ours inside the step; their observers were dropped
        self._undo: list[Callable[[], None]] = []

    @classmethod
    def of(cls, model: Any) -> Hooks:
        if model not in _HOOKS:
            _HOOKS[model] = cls(model)
        return _HOOKS[model]

    def add(self, observer: Observer) -> None:
        if observer not in self.observers:
            self.observers.append(observer)

    def remove(self, observer: Observer) -> None:
        """Takes `observer` out; the last one out restores the model."""
        if observer in self.observers:
            self.observers.remove(observer)
        if not self.observers:
            self.undo()

    def install(self) -> None:
        """Wraps the model's step and remakes its train function. Does nothing when that is done already."""
        model = self._model()
        if self._undo or model is None:
            return
        self._replace(model, "train_step", self._train_step(model.train_step))
        self._replace(model, "test_step", self._test_step(model.test_step))
        self._replace(model, "compute_loss", self._compute_loss(model.compute_loss))
        for optimizer in keras_private.optimizers(model):
            self._replace(optimizer, "apply", self._apply(optimizer))
        self._remake_functions(model)

    def undo(self) -> None:
        """Restores the model as if we had never been there. Safe to call at any time, any number of times."""
        while self._undo:
            self._undo.pop()()

    def _replace(self, owner: Any, name: str, wrapper: Any) -> None:
        before = vars(owner).get(name)

        def restore() -> None:
            if before is None:
                vars(owner).pop(name, None)
            else:
                vars(owner)[name] = before

        vars(owner)[name] = wrapper
        self._undo.append(restore)

    def _remake_functions(self, model: Any) -> None:
        # A function traced by an earlier fit would never see the wrappers: Keras does not make it again before
        # the next compile(). The old ones come back at the end, so that a fit without us need not trace again.
        before = model.train_function, model.test_function

        def restore() -> None:
            model.train_function, model.test_function = before

        model.make_train_function(force=True)
        model.train_function = self._watched(model, lean(model, model.train_function))
        model.test_function = None
        self.error, self.failures = None, []
        self._undo.append(restore)

    def _watched(self, model: Any, function: Callable[..., Any]) -> Callable[..., Any]:
        begun = False

        def train_function(iterator: Any) -> Any:
            nonlocal begun
            try:
                if not begun and _builds_all(model):  # a step that makes variables is traced twice
                    build_optimizer(model)
                begun = True
                return function(iterator)
            except BaseException as error:
                if type(error).__name__ not in ("StopIteration", "OutOfRangeError"):  # the data's end
                    self.error = type(error).__name__
                    self._tell_of_failure(iterator)
                raise

        return train_function

    def _tell_of_failure(self, iterator: Any) -> None:
        """Hands the observers the batch after the one that failed: the run is over, and its data tell why."""
        try:
            batch = next(iterator)
        except Exception:  # there is none, or it cannot be had outside of the step
            return
        self._tell("on_failure", batch)

    def _train_step(self, original: Callable[..., Any]) -> Callable[..., Any]:
        def train_step(data: Any, *args: Any, **kwargs: Any) -> Any:
            self.in_step, self.saw_loss = True, False
            try:
                self._tell("before_step", data)
                logs = original(data, *args, **kwargs)
                self._tell("after_step", logs)
            finally:
                self.in_step = False
            return logs

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
            if self.in_step:
                self.saw_loss = True
                given = dict(zip(names, args, strict=False)) | kwargs
                self._tell("on_loss", *(given.get(n) for n in names), loss)
            return loss

        return compute_loss

    def _apply(self, optimizer: Any) -> Callable[..., Any]:
        original, factor = optimizer.apply, getattr(optimizer, "loss_scale_factor", None)

        def apply(grads: Any, trainable_variables: Any = None) -> Any:
            grads = list(grads)
            variables = list(trainable_variables) if trainable_variables is not None else []

            def innermost() -> Any:
                return original(grads, trainable_variables if trainable_variables is None else variables)

            proceed: Callable[[], Any] = innermost
            seen = _unscaled(grads, factor)
            for observer in reversed(self.observers if self.in_step else []):
                proceed = self._around(observer, proceed, seen, variables)
            return proceed()

        return apply

    def _tell(self, method: str, *args: Any) -> None:
        """Calls a method of all observers. One that fails is dropped: the user's step goes on without it."""
        for observer in list(self.observers):
            try:
                getattr(observer, method)(*args)
            except Exception as error:
                self._drop(observer, method, error)

    def _around(
        self, observer: Observer, proceed: Callable[[], Any], grads: list[Any], variables: list[Any]
    ) -> Callable[[], Any]:
        def around() -> None:
            own: list[bool] = []  # the update was asked for; an error from there on is the user's own

            def update() -> Any:
                own.append(True)
                result = proceed()
                own.append(True)
                return result

            try:
                observer.around_apply(update, grads, variables)
            except Exception as error:
                if len(own) == 1:
                    raise
                self._drop(observer, "around_apply", error)
                if not own:
                    proceed()

        return around

    def _drop(self, observer: Observer, method: str, error: Exception) -> None:
        if observer in self.observers:
            self.observers.remove(observer)
        self.failures.append(f"{type(observer).__name__}.{method}: {type(error).__name__}: {error}"[:400])


def build_optimizer(model: Any) -> None:
    """Makes the optimizer's slots for all trainable variables; Keras leaves that to the first step."""
    optimizer = getattr(model, "optimizer", None)
    if optimizer is not None and not optimizer.built and keras_private.is_built(model):
        optimizer.build(model.trainable_variables)


def _builds_all(model: Any) -> bool:
    """True when the first step is sure to make just those slots: another's step may train a part of the variables,
    and a strategy makes its own."""
    return type(model).train_step.__module__.startswith("keras.") and replicas.of(model) == 1


def _unscaled(gradients: list[Any], factor: float | None) -> list[Any]:
    """Returns gradients of the loss itself; `Optimizer(loss_scale_factor=...)` divides inside apply."""
    return gradients if factor is None else [g if g is None else g / factor for g in gradients]
