"""PyTorch's StepWatch: the numbers of a step that tell how training goes, the rows of data, and what went wrong."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch

from lossdoctor import keras_private
from lossdoctor.backends.base import STEP_COLUMNS, TargetSpec
from lossdoctor.backends.sample import Sample
from lossdoctor.backends.torch import data_rows
from lossdoctor.backends.torch.hooks import Hooks
from lossdoctor.backends.torch.norms import norms_of, stacked
from lossdoctor.backends.torch.readers import Reader
from lossdoctor.backends.torch.ready import Ready
from lossdoctor.backends.torch.step import Step, loss_total

CAPACITY = 256
MOST_WAITING = 64  # steps whose data are held until their rows are there
MOST_BYTES = 256 * 2**20  # of such data, where all batches are like the first


class TorchWatch(Reader):
    """See `base.StepWatch`. Rows are read as soon as they are there; nothing waits for them but `flush`."""

    capacity = CAPACITY

    def __init__(self, model: Any):
        self._hooks, self._model = Hooks.of(model), model
        self._count = len(model.trainable_variables)
        self._own_step = keras_private.has_own_step(model)
        self._before: tuple[Any, Any] | None = None
        self._first, self._validation = data_rows.FirstRows(), data_rows.FirstRows()
        self._bad: Sample | None = None
        self._waiting: deque[tuple[Ready, Any]] = deque()  # rows that may not be there yet, with their data
        self._most = MOST_WAITING
        self._there: list[list[float]] = []
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

    def stop(self) -> None:
        self._hooks.remove(self)

    # In the step

    def before(self, step: Step) -> None:
        if not self.target_specs:
            self.target_specs = tuple(data_rows.target_specs(step.batch[1]))
            self._most = min(MOST_WAITING, MOST_BYTES // max(1, data_rows.size(step.batch)))
        if self._first.open:
            self._first.add(step.batch)
        self._before = loss_total(self._model) if self._own_step else None

    def allows(self, step: Step) -> bool:
        _ = step.norms  # taken before the update: an optimizer may work on the gradients themselves
        return True

    def after(self, step: Step) -> None:
        self.loss_source = self._source(step)
        x, y = step.leaves(0), step.leaves(1)
        rows = float(x[0].shape[0]) if x and x[0].ndim else torch.nan
        penalty = 0.0 if step.penalty is None else step.penalty
        row = Ready([step.batch_loss(self._before), penalty, rows, _rms(x), _rms(y), *step.norms])
        waiting = self._waiting
        waiting.append((row, step.batch if self._bad is None and len(waiting) < self._most else None))
        while waiting and waiting[0][0].is_ready():
            self._take(*waiting.popleft())

    def _source(self, step: Step) -> str:
        if step.loss is not None:
            return "compute_loss"
        if self._before is not None:
            return "metric" if step.logged is not None else "untouched metric"
        return "logs" if step.logged is not None else "nowhere"

    def on_test_data(self, data: Any) -> None:
        import keras

        if self._validation.open:
            self._validation.add(keras.utils.unpack_x_y_sample_weight(data))

    # On the host

    def _take(self, row: Ready, batch: Any) -> None:
        values = row.values()
        measured = [values[0], *values[len(STEP_COLUMNS) :]]
        if batch is not None and self._bad is None and not math.isfinite(sum(measured)):
            self._bad = data_rows.last_rows(batch)
        self._there.append(values)

    def flush(self) -> np.ndarray:
        while self._waiting:
            self._take(*self._waiting.popleft())
        rows, self._there = self._there, []
        width = len(STEP_COLUMNS) + self._count
        return np.asarray(rows, np.float64) if rows else np.zeros((0, width))

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
        """All norms are one pass each over the gradients: there is nothing to leave out."""


def _rms(tensors: list[Any]) -> Any:
    """Returns the root of the mean square over the entries of all tensors, NaN without any."""
    entries = sum(t.numel() for t in tensors)
    if not entries:
        return torch.nan
    norms = norms_of(tensors)
    norm = norms[0] if len(norms) == 1 else torch.linalg.vector_norm(stacked(norms))
    return norm / entries**0.5
