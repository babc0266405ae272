"""RateScale: a factor on top of whatever learning rate the user set, for constants and schedules alike."""

from __future__ import annotations

import warnings
from typing import Any

import tensorflow as tf

import lossdoctor.backends.tensorflow.host_values as host_values
from lossdoctor import keras_private
from lossdoctor.backends.tensorflow.hooks import Hooks
from lossdoctor.keras_private import RATE_METHOD


class RateScale:
    """Multiplies the rate inside the training step by a variable that is never attached to the optimizer.

    Outside the step `optimizer.learning_rate` stays the user's own, so that other callbacks which read,
    change and write it back (ReduceLROnPlateau) do not apply our factor twice. The patch sits in the
    instance's `__dict__`: config, saving and loading know nothing of it.

    Args:
        model: a compiled model.
    """

    def __init__(self, model: Any):
        self._optimizers = keras_private.optimizers(model)
        self._hooks = Hooks.of(model)
        self._scale = tf.Variable(1.0, trainable=False)
        self._patched: list[Any] = []
        for optimizer in self._optimizers:
            self._install(optimizer)

    def _install(self, optimizer: Any) -> None:
        original = getattr(optimizer, RATE_METHOD, None)
        if original is None:
            warnings.warn(
                f"LRBackoff: this Keras has no {type(optimizer).__name__}.{RATE_METHOD}, so the learning rate "
                "cannot be lowered; bad updates are still skipped and good weights restored. "
                "Use keras 3.3 or newer.",
                stacklevel=2,
            )
            return

        def scaled() -> Any:
            rate = original()
            if not self._hooks.in_step:
                return rate
            rate = tf.convert_to_tensor(rate)
            return rate * tf.cast(self._scale, rate.dtype)

        vars(optimizer)[RATE_METHOD] = scaled
        self._patched.append(optimizer)

    @property
    def user_rate(self) -> float | None:
        """The user's rate of the next step; None when there is none, or several optimizers."""
        return host_values.learning_rate(self._optimizers[0]) if len(self._optimizers) == 1 else None

    @property
    def scheduled(self) -> bool:
        """True when the rate changes by itself from step to step."""
        return any(not hasattr(keras_private.rate_of(o), "assign") for o in self._optimizers)

    def set(self, scale: float) -> None:
        """From the next step on the rate is the user's times `scale`."""
        self._scale.assign(scale)

    def undo(self, scale: float) -> bool:
        """Takes the patch out and leaves `scale` in constant rates, as ReduceLROnPlateau would.

        Returns:
            False when a schedule could not take it, so that the next fit runs at the user's full rate.
        """
        settled = True
        for optimizer in self._patched:
            vars(optimizer).pop(RATE_METHOD, None)
            if scale != 1.0:
                settled &= _bake(optimizer, scale)
        self._patched = []
        return settled


def _bake(optimizer: Any, scale: float) -> bool:
    rate = host_values.learning_rate(optimizer)
    try:
        if rate is not None:
            optimizer.learning_rate = rate * scale
    except TypeError:  # a schedule's rate is not settable
        return False
    return rate is not None
