"""RateScale: a factor on top of whatever learning rate the user set, for constants and schedules alike."""

from __future__ import annotations

import warnings
from typing import Any

from keras import ops

from lossdoctor import keras_private
from lossdoctor.backends.torch.hooks import Hooks
from lossdoctor.backends.torch.state import learning_rate
from lossdoctor.keras_private import RATE_METHOD


class RateScale:
    """Multiplies the rate inside the training step.

    Outside the step `optimizer.learning_rate` stays the user's own, so that other callbacks which read, change and
    write it back (ReduceLROnPlateau) do not apply our factor twice.

    Args:
        model: a compiled model with installed Hooks.

    Attributes:
        scale: the factor of the next step.
    """

    def __init__(self, model: Any):
        self._optimizers = keras_private.optimizers(model)
        self._hooks = Hooks.of(model)
        self._patched: list[Any] = []
        self.scale = 1.0
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
            outside = self._hooks.step is None
            return rate if outside or self.scale == 1.0 else ops.convert_to_tensor(rate) * self.scale

        self._hooks.replace(optimizer, RATE_METHOD, scaled)
        self._patched.append(optimizer)

    @property
    def user_rate(self) -> float | None:
        """The user's rate of the next step; None when there is none, or several optimizers."""
        return learning_rate(self._optimizers[0]) if len(self._optimizers) == 1 else None

    @property
    def scheduled(self) -> bool:
        """True when the rate changes by itself from step to step."""
        return any(not hasattr(keras_private.rate_of(o), "assign") for o in self._optimizers)

    def settle(self, scale: float) -> bool:
        """Leaves `scale` in constant rates, as ReduceLROnPlateau would, once the hooks are out. Once.

        Returns:
            False when a schedule could not take it, so that the next fit runs at the user's full rate.
        """
        patched, self._patched = self._patched, []
        return scale == 1.0 or min((_bake(o, scale) for o in patched), default=True)


def _bake(optimizer: Any, scale: float) -> bool:
    rate = learning_rate(optimizer)
    try:
        if rate is not None:
            optimizer.learning_rate = rate * scale
    except TypeError:  # a schedule's rate is not settable
        return False
    return rate is not None
