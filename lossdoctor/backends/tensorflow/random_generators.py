"""TensorFlow's own random generators: noted and put back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def random_state(seed: int) -> Callable[[], None]:
    """See `base.Backend.random_state`.

    Nothing is seeded, as models of Keras draw from seeds of Keras. The global seed is not among what is noted: setting it would start all of the user's own stateful operations anew.
    """
    eager, generator = _eager_generator(), _global_generator()
    eager_state = None if eager is None else eager.getstate()
    state = None if generator is None else generator.state.numpy()

    def restore() -> None:
        if eager is not None:
            eager.setstate(eager_state)
        if generator is not None:
            generator.reset(state)

    return restore


def _eager_generator() -> Any:
    """Returns the generator of the seeds of TensorFlow's eager operations, None without a seed."""
    try:
        from tensorflow.python.eager import context
    except ImportError:
        return None
    return getattr(context.context(), "_rng", None)


def _global_generator() -> Any:
    """Returns tf.random's global generator if there is one already (asking for it would make it)."""
    try:
        from tensorflow.python.ops import stateful_random_ops
    except ImportError:
        return None
    return getattr(stateful_random_ops, "global_generator", None)
