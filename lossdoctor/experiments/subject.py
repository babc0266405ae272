"""Subject: what experiments work on: a run that is over."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from lossdoctor.backends.sample import Sample


@dataclass(frozen=True)
class Subject:
    """A model and what was captured of its run. Experiments use it and touch nothing in it.

    Attributes:
        model: the user's model, built and compiled.
        sample: rows of the training data.
        initial: `model.get_weights()` before the first step.
        final: the weights after the last step.
        good: the last finite weights that were sampled before the run diverged, or None.
        bad_batch: the first batch whose loss or gradients were not finite, or None.
        validation: rows of the validation data, or None.
        batch_size: rows in a batch, or None when it is not known.
    """

    model: Any
    sample: Sample
    initial: list[np.ndarray]
    final: list[np.ndarray]
    good: list[np.ndarray] | None = None
    bad_batch: Sample | None = None
    validation: Sample | None = None
    batch_size: int | None = None
