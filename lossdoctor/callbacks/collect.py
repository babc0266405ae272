"""Collector: what was read from the probes, on the host, in bounded memory."""

from __future__ import annotations

from typing import Any

import numpy as np

from lossdoctor.probes.step import COLUMNS, SKIPPED

MAX_ROWS = 8192  # rows of the step series; beyond, neighbours are merged (64 KiB a series)
MAX_LOOKS = 256  # looks at the weights; beyond, every other one is dropped


class Collector:
    """Gathers rows of steps, looks at the weights and logs of epochs, and gives them as `Record.series`."""

    def __init__(self) -> None:
        self.steps = 0
        self.skipped = 0  # steps in which no update was asked for (loss scaling)
        self._rows: list[np.ndarray] = []
        self._table = np.zeros((0, 0))
        self._looks: list[tuple[int, int, np.ndarray, np.ndarray, np.ndarray]] = []
        self._epochs: dict[str, list[float]] = {}

    def add_steps(self, rows: np.ndarray, epoch: int, rate: float | None) -> None:
        """Adds rows [steps, columns] of `StepProbe.read`."""
        if not len(rows):
            return
        k = len(COLUMNS)
        grads = rows[:, k:]
        applied = ~(grads == SKIPPED).all(1) if grads.shape[1] else np.ones(len(rows), bool)
        self.skipped += int((~applied).sum())
        norm = np.sqrt(np.square(grads).sum(1))
        # A step without an update has no gradient norm to compare: the last one stands in for it.
        norm = np.where(applied, norm, np.median(norm[applied]) if applied.any() else np.nan)
        steps = self.steps + np.arange(len(rows))
        rates = np.full(len(rows), np.nan if rate is None else rate)
        table = np.column_stack(
            [steps, np.full(len(rows), epoch), rows[:, :k], norm, rates, rows[:, 0], norm]
        )
        self._rows.append(table)
        self.steps += len(rows)
        if sum(map(len, self._rows)) > MAX_ROWS:
            self._rows = [_merge(np.concatenate(self._rows))]

    def add_look(self, batches: int, grads: np.ndarray, weights: np.ndarray, moves: np.ndarray) -> None:
        """Adds a look at the weights after `batches` batches since the one before it, each array [variables]."""
        self._looks.append((max(0, self.steps - 1), batches, grads, weights, moves))
        if len(self._looks) > MAX_LOOKS:
            self._looks = self._looks[:16] + self._looks[16::2]

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

    @property
    def last_loss(self) -> float:
        return float(self._rows[-1][-1, 2]) if self._rows else float("nan")

    def series(self) -> dict[str, np.ndarray]:
        """Returns the arrays that `Record.series` describes."""
        names = ("step", "epoch", *COLUMNS, "grad_norm", "learning_rate", "batch_loss_max", "grad_norm_max")
        table = np.concatenate(self._rows) if self._rows else np.zeros((0, len(names)))
        series = {name: table[:, i] for i, name in enumerate(names)}
        if self._looks:
            steps, batches, grads, weights, moves = zip(*self._looks, strict=True)
            series["sampled.step"], series["sampled.steps"] = np.array(steps), np.array(batches)
            for name, part in (("grad_norm", grads), ("weight_norm", weights), ("update_norm", moves)):
                series[f"sampled.{name}"] = np.stack(part)
        return series | {f"epoch.{k}": np.array(v) for k, v in self._epochs.items()}


def _merge(table: np.ndarray) -> np.ndarray:
    """Halves a table by merging neighbours: means, but the last step and the largest loss and norm."""
    even = table[: len(table) // 2 * 2].reshape(-1, 2, table.shape[1])
    merged = even.mean(1)
    merged[:, :2] = even[:, 1, :2]
    merged[:, -2:] = even[:, :, -2:].max(1)
    return np.concatenate([merged, table[len(even) * 2 :]])
