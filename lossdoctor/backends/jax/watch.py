"""JAX's StepWatch: the columns of a step that tell how training goes, the rows of data, and what went wrong."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import jax.numpy as jnp
import numpy as np

from lossdoctor.backends.base import STEP_COLUMNS, TargetSpec
from lossdoctor.backends.jax import data_rows
from lossdoctor.backends.jax.hooks import Hooks
from lossdoctor.backends.jax.readers import Reader
from lossdoctor.backends.jax.traced_step import TracedStep
from lossdoctor.backends.sample import Sample

CAPACITY = 256
MOST_WAITING = 64  # steps whose data are held until their rows are there
MOST_BYTES = 256 * 2**20  # of such data, where all batches are like the first


class JaxWatch(Reader):
    """See `base.StepWatch`. Rows are taken as soon as they are there; nothing waits for them but `flush`."""

    capacity = CAPACITY

    def __init__(self, model: Any, steps_per_execution: int = 1):
        self._hooks = Hooks.of(model)
        self._count = len(model.trainable_variables)
        self._first, self._validation = data_rows.FirstRows(), data_rows.FirstRows()
        self._bad: Sample | None = None
        self._waiting: deque[tuple[Any, Any]] = deque()  # rows that may not be there yet, with their data
        self._most = MOST_WAITING
        self._there: list[np.ndarray] = []
        self.loss_source = "compute_loss"
        self.target_specs: Sequence[TargetSpec] = ()

    @property
    def missing(self) -> str | None:
        return self._first.missing

    @property
    def error(self) -> str | None:
        return self._hooks.error

    @property
    def failures(self) -> Sequence[str]:
        return self._hooks.failures

    def start(self) -> None:
        self._hooks.add(self)
        self._hooks.tap_validation(lambda iterator: data_rows.Tapped(iterator, self._validation))

    def stop(self) -> None:
        self._hooks.remove(self)

    # In the step

    def measure(self, step: TracedStep) -> list[Any]:
        self.loss_source = step.loss_source
        x, y = step.leaves(0), step.leaves(1)
        rows = jnp.float32(x[0].shape[0]) if x and x[0].ndim else jnp.float32(jnp.nan)
        total = step.loss + sum(step.norms)  # one number that tells on the host whether all of it is finite
        return [step.loss, step.penalty, rows, _rms(x), _rms(y), *step.norms, total]

    # On the host

    def before(self, data: Any) -> None:
        if not self.target_specs:
            self.target_specs = tuple(data_rows.target_specs(data))
            self._most = min(MOST_WAITING, MOST_BYTES // max(1, data_rows.size(data)))
        if self._first.open:
            self._first.add(data)

    def add(self, row: Any, data: Any) -> None:
        waiting = self._waiting
        waiting.append((row, data if self._bad is None and len(waiting) < self._most else None))
        while waiting and waiting[0][0].is_ready():
            self._take(*waiting.popleft())

    def _take(self, row: Any, data: Any) -> None:
        values = np.asarray(row)
        if data is not None and self._bad is None and not math.isfinite(values[self.columns.stop - 1]):
            self._bad = data_rows.last_rows(data)
        self._there.append(values)

    def flush(self) -> np.ndarray:
        while self._waiting:
            self._take(*self._waiting.popleft())
        rows, self._there = self._there, []
        first, width = self.columns.start, len(STEP_COLUMNS) + self._count
        return np.stack(rows)[:, first : first + width].astype(np.float64) if rows else np.zeros((0, width))

    def initial_weights(self) -> Mapping[int, np.ndarray]:
        return {}  # Keras builds every model before the first callback is called

    def sample(self) -> Sample | None:
        return self._first.rows()

    def bad_batch(self) -> Sample | None:
        return self._bad

    def validation(self) -> Sample | None:
        return self._validation.rows()

    def close_sample(self) -> None:
        self._first.close()
        self._validation.close()

    def adapt(self, step_seconds: float, share: float) -> None:
        """All norms are one fused pass over the gradients: there is nothing to leave out."""


def _rms(arrays: list[Any]) -> Any:
    """Returns the root of the mean square over the entries of all arrays, NaN without any."""
    entries = sum(a.size for a in arrays)
    if not entries:
        return jnp.float32(jnp.nan)
    return jnp.sqrt(sum(jnp.sum(jnp.square(jnp.asarray(a, jnp.float32))) for a in arrays) / entries)
