"""Trials draw random numbers; afterwards every generator of the process is where it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from lossdoctor.keras_private import NAME_COUNTERS, SEED_GENERATOR, global_state

SEED = 20_211  # any number does: trials of the same run must come out the same


@contextmanager
def undisturbed(seed: int = SEED) -> Iterator[None]:
    """Seeds Python's and NumPy's generators for the block; puts back those, Keras's and TensorFlow's.

    Keras draws the seeds of its initializers and dropout layers from Python's generator, so that one
    decides what the trials draw. TensorFlow's global seed is not set: doing so would start all of the
    user's own stateful operations anew.
    """
    python, numpy, rest = random.getstate(), np.random.get_state(), _Others()
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        rest.restore()


class _Others:
    """State of Keras's seed generator and name counters, and of TensorFlow's generators."""

    def __init__(self) -> None:
        self.keras = global_state()
        self.generator = getattr(self.keras, SEED_GENERATOR, None)
        self.generator_state = None if self.generator is None else np.array(self.generator.state)
        self.names = dict(getattr(self.keras, NAME_COUNTERS, None) or {})
        self.eager = _eager_generator()
        self.eager_state = None if self.eager is None else self.eager.getstate()
        self.tf = _global_generator()
        self.tf_state = None if self.tf is None else self.tf.state.numpy()

    def restore(self) -> None:
        if self.keras is not None:
            setattr(self.keras, SEED_GENERATOR, self.generator)
            counters = getattr(self.keras, NAME_COUNTERS, None)
            if counters is not None:  # layers that the user makes later are called as without us
                counters.clear()
                counters.update(self.names)
        if self.generator is not None:
            self.generator.state.assign(self.generator_state)
        if self.eager is not None:
            self.eager.setstate(self.eager_state)
        if self.tf is not None:
            self.tf.reset(self.tf_state)


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
