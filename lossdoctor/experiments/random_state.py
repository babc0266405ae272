"""Experiments draw random numbers; afterwards every generator of the process is where it was."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np

from lossdoctor import backends
from lossdoctor.keras_private import NAME_COUNTERS, SEED_GENERATOR, global_state

SEED = 20_211  # any number does: experiments on the same run must come out the same


@contextmanager
def undisturbed(seed: int = SEED) -> Iterator[None]:
    """Seeds Python's, NumPy's and the backend's generators for the block; puts back those and Keras's.

    Keras draws the seeds of its initializers and dropout layers from Python's generator, so that one
    decides what is drawn.
    """
    python, numpy = random.getstate(), np.random.get_state()
    ours, restore_backend = _KerasState(), backends.current().random_state(seed)
    random.seed(seed)
    np.random.seed(seed)
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        ours.restore()
        restore_backend()


class _KerasState:
    """State of Keras's seed generator and name counters."""

    def __init__(self) -> None:
        self.keras = global_state()
        self.generator = getattr(self.keras, SEED_GENERATOR, None)
        self.generator_state = None if self.generator is None else np.array(self.generator.state)
        self.names = dict(getattr(self.keras, NAME_COUNTERS, None) or {})

    def restore(self) -> None:
        if self.keras is not None:
            setattr(self.keras, SEED_GENERATOR, self.generator)
            counters = getattr(self.keras, NAME_COUNTERS, None)
            if counters is not None:  # layers that the user makes later are called as without us
                counters.clear()
                counters.update(self.names)
        if self.generator is not None:
            self.generator.state.assign(self.generator_state)
