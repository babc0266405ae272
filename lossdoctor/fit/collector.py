"""Collector: what was measured in the steps, on the host, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.backends.base import SKIPPED, STEP_COLUMNS

MAX_ROWS = 8192  # rows of the step series; beyond, neighbours are merged (64 KiB a series)
MAX_SAMPLES = 256  # samples of the weights; beyond, every other one is dropped
EDGE = 16  # so many rows and samples at the start, and rows at the end, stay as they were
NAMES = ("step", "epoch", *STEP_COLUMNS, "grad_norm", "learning_rate", "batch_loss_max", "grad_norm_max")
NORMS = [NAMES.index("grad_norm"), NAMES.index("grad_norm_max")]


class Collector:
    """Gathers rows of steps, samples of the weights and logs of epochs, and gives them as `Record.series`."""

    def __init__(self) -> None:
        self.steps = 0
        self.skipped = 0  # steps in which no update was asked for (loss scaling)
        self._usual = np.nan  # median gradient norm of the last steps with an update
        self._waiting: list[
            tuple[np.ndarray, np.ndarray]
        ] = []  # rows, and which of them had none, before any did
        self._rows: list[np.ndarray] = []
        self._width = 1  # steps that a merged row stands for
        self._samples: list[tuple[int, int, np.ndarray, np.ndarray, np.ndarray]] = []
        self._sampled, self._stride = 0, 1  # samples so far, and every how many is held
        self._epochs: dict[str, list[float]] = {}

    def add_steps(self, rows: np.ndarray, epoch: int, rate: float | None) -> None:
        """Adds rows [steps, columns] of `StepWatch.flush`."""
        if not len(rows):
            return
        k = len(STEP_COLUMNS)
        grads = rows[:, k:]
        norm = np.sqrt(np.square(grads).sum(1))
        skipped = (grads == SKIPPED).all(1) if grads.shape[1] else np.zeros(len(rows), bool)
        self.skipped += int(skipped.sum())
        rate = np.nan if rate is None else rate
        steps = np.arange(self.steps, self.steps + len(rows))
        table = np.empty((len(rows), len(NAMES)))
        for i, column in enumerate((steps, epoch, *rows.T[:k], norm, rate, rows[:, 0], norm)):
            table[:, i] = column
        self._stand_in(table, skipped)
        self._rows.append(table)
        self.steps += len(rows)
        if sum(map(len, self._rows)) > MAX_ROWS:
            self._shorten()

    def _stand_in(self, table: np.ndarray, skipped: np.ndarray) -> None:
        """A step without an update has no gradient norm to compare: the usual one stands in, as soon as one is known."""
        norm = table[~skipped][:, NORMS[0]]
        if np.isfinite(norm).any():
            self._usual = float(np.median(norm[np.isfinite(norm)]))
        if skipped.any():
            self._waiting.append((table, skipped))
        for rows, mask in self._waiting:
            for column in NORMS:
                rows[mask, column] = self._usual
        if np.isfinite(self._usual):
            self._waiting = []

    def _shorten(self) -> None:
        """Merges the rows to buckets of one width, twice as wide each time they are too many.

        One width for the whole run: merged with every shortening, its first steps would end up in one row.
        """
        table = np.concatenate(self._rows)
        while len(merged := _merge(table, self._width)) > MAX_ROWS // 2:
            self._width *= 2
        self._rows = [merged]

    def add_weights(self, batches: int, grads: np.ndarray, weights: np.ndarray, moves: np.ndarray) -> None:
        """Adds a sample of the weights after `batches` batches since the one before it, each array [variables]."""
        if self._sampled > EDGE and (self._sampled - 1 - EDGE) % self._stride:
            self._samples.pop()  # the last sample is always held, until the next one comes
        self._samples.append((max(0, self.steps - 1), batches, grads, weights, moves))
        self._sampled += 1
        if len(self._samples) > MAX_SAMPLES:
            self._samples = self._samples[:EDGE] + self._samples[EDGE::2]
            self._stride *= 2

    def add_epoch(self, logs: dict[str, Any]) -> None:
        """Adds Keras's logs of an epoch; a key that is missing this time becomes NaN."""
        count = max((len(v) for v in self._epochs.values()), default=0)
        for key, value in logs.items():
            try:
                number = float(value)
            except (TypeError, ValueError):
                continue
            column = self._epochs.setdefault(key, [])
            column.extend([np.nan] * (count - len(column)))
            column.append(number)
        for column in self._epochs.values():
            column.extend([np.nan] * (count + 1 - len(column)))

    def series(self) -> dict[str, np.ndarray]:
        """Returns the arrays that `Record.series` describes."""
        table = np.concatenate(self._rows) if self._rows else np.zeros((0, len(NAMES)))
        table = _merge(table, self._width)  # rows not yet merged would weigh more than the others
        series = {name: table[:, i] for i, name in enumerate(NAMES)}
        if self._samples:
            steps, batches, grads, weights, moves = zip(*self._samples, strict=True)
            series["sampled.step"], series["sampled.steps"] = np.array(steps), np.array(batches)
            for name, part in (("grad_norm", grads), ("weight_norm", weights), ("update_norm", moves)):
                series[f"sampled.{name}"] = np.stack(part)
        return series | {f"epoch.{k}": np.array(v) for k, v in self._epochs.items()}


def _merge(table: np.ndarray, width: int) -> np.ndarray:
    """Merges the rows of each `width` steps: means, but the last step and epoch and the largest loss and norm.

    `EDGE` rows at both ends stay as they were: the first loss is that of the initial weights, and where a
    run breaks each step counts.
    """
    first, old, last = table[:EDGE], table[EDGE:-EDGE], table[EDGE:][-EDGE:]
    if width == 1 or not len(old):
        return table
    starts = np.flatnonzero(np.diff(old[:, 0] // width, prepend=-1))
    ends = np.append(starts[1:], len(old)) - 1
    # A row that was merged before weighs as many steps as it stands for.
    weights = np.diff(old[:, :1], axis=0, prepend=first[-1:, :1])
    with np.errstate(invalid="ignore"):  # inf - inf
        merged = np.add.reduceat(old * weights, starts) / np.add.reduceat(weights, starts)
    merged[:, :2] = old[ends, :2]
    merged[:, -2:] = np.maximum.reduceat(old[:, -2:], starts)
    return np.concatenate([first, merged, last])
