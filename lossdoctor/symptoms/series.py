"""What symptoms take from the recorded series: columns, smoothing, levels, slopes (scipy), kernels' norms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from lossdoctor.record import Record, Variable

TINY = 1e-12
TAIL = 0.2  # share of the steps (or epochs) that counts as "the end" of a run
KERNEL_RANK = 2  # biases and scales start at 0 or 1: ratios to their norm say nothing


def column(record: Record, name: str) -> np.ndarray:
    """Returns a series as float64 [n], empty when it was not recorded."""
    return np.asarray(record.series.get(name, ()), dtype=np.float64)


def data_loss(record: Record) -> np.ndarray:
    """Returns the batch losses without the penalties of regularizers and add_loss, [n]."""
    loss, penalty = column(record, "batch_loss"), column(record, "penalty")
    return loss - np.nan_to_num(penalty) if len(penalty) == len(loss) else loss


def epoch_losses(record: Record) -> np.ndarray:
    """Returns one training loss per epoch: medians of the batch losses, or Keras's means of a bare history."""
    loss, epoch = data_loss(record), column(record, "epoch")
    if not len(loss):
        return column(record, "epoch.loss")
    return np.array([_median(loss[epoch == e]) for e in np.unique(epoch)])


def _median(values: np.ndarray) -> float:
    # A non-finite batch makes its epoch non-finite: hiding NaN is worse than NaN.
    return float(np.median(values)) if np.isfinite(values).all() else float("nan")


def finite(values: np.ndarray) -> np.ndarray:
    """Returns the finite entries, in order."""
    found: np.ndarray = values[np.isfinite(values)]
    return found


def start_level(record: Record) -> float:
    """Returns the loss of the first batch (at the initial weights), or of the first epoch; NaN without any."""
    loss = data_loss(record)
    loss = loss if len(loss) else column(record, "epoch.loss")
    return float(loss[0]) if len(loss) else float("nan")


def end_level(record: Record) -> float:
    """Returns the median loss over the end of the run; NaN when the run ended non-finite."""
    loss = data_loss(record)
    loss = loss if len(loss) else column(record, "epoch.loss")
    if not len(loss) or not np.isfinite(loss[-1]):
        return float("nan")
    size = max(1, min(len(loss) // 2, int(TAIL * len(loss))) if len(loss) > 1 else 1)
    return float(np.median(finite(loss[-size:])))


def smooth(values: np.ndarray, windows: int = 40) -> np.ndarray:
    """Returns medians of at most `windows` equal stretches of the finite values."""
    values = finite(values)
    if len(values) <= windows:
        return values
    return np.array([np.median(part) for part in np.array_split(values, windows)])


def noise(values: np.ndarray) -> float:
    """Returns the robust standard deviation of a series around its own smooth course.

    From second differences, which a straight stretch leaves at 0 and white noise of variance v gives 6 v.
    """
    bends = np.diff(finite(values), 2)
    return float(np.median(np.abs(bends)) * 1.4826 / np.sqrt(6)) if len(bends) > 1 else 0.0


def trend(values: np.ndarray) -> float:
    """Returns Kendall's rank correlation of a series with time, -1 (falls) to 1 (rises); 0 when too short."""
    values = finite(values)
    if len(values) < 4 or np.ptp(values) == 0:
        return 0.0
    return float(stats.kendalltau(np.arange(len(values)), values).statistic)


def baseline(record: Record, validation: bool = False) -> float | None:
    """Returns the loss of the best constant prediction for the run's targets, None when it is not known.

    For a single output with a loss of the table and unweighted rows from the targets alone; for any other loss as the
    experiment with a constant answer measured it on the training rows.
    """
    from_table = table_baseline(record, validation)
    if from_table is not None or validation:
        return from_table
    measured = record.experiments.get("constant_answer", {}).get("constant")
    return float(measured) if measured is not None and np.isfinite(measured) else None


def table_baseline(record: Record, validation: bool = False) -> float | None:
    """Returns the baseline from the targets and the table of losses alone, of the whole training data."""
    setup, data = record.setup, record.data
    targets = data.validation_targets if validation else data.targets
    if len(setup.outputs) != 1 or len(targets) != 1 or data.weighted:
        return None
    value = targets[0].baselines.get(setup.outputs[0].loss or "")
    return float(value) if value is not None and np.isfinite(value) else None


def nth(step: Any) -> str:
    """Returns "epoch 1, step 7"-like counting from 1, as people count."""
    return str(int(step) + 1)


def _is_kernel(variable: Variable) -> bool:
    """Returns whether a variable is a weight matrix: by its role, in records of version 1 by its shape and path."""
    if variable.role:
        return variable.role in ("kernel", "recurrent kernel")
    return len(variable.shape) >= KERNEL_RANK and "embedding" not in variable.path.lower()


@dataclass(frozen=True)
class Kernels:
    """The weight matrices of a model, in the order of the computation.

    Attributes:
        variables: one a kernel.
        step: index of the batch at which each sample was taken, [samples].
        steps: batches between the sample and the one before it, [samples].
        grad, weight, update: L2 norms, [samples, kernels].
    """

    variables: tuple[Variable, ...]
    step: np.ndarray
    steps: np.ndarray
    grad: np.ndarray
    weight: np.ndarray
    update: np.ndarray


def kernels(record: Record) -> Kernels | None:
    """Returns the kernels' series, None when nothing was sampled."""
    grad = record.series.get("sampled.grad_norm")
    variables = record.setup.variables
    if grad is None or not len(grad) or np.shape(grad)[1] != len(variables):
        return None
    pick = [i for i, v in enumerate(variables) if _is_kernel(v)]
    if not pick:
        return None
    weight, update = (
        np.asarray(record.series[f"sampled.{n}"], float)[:, pick] for n in ("weight_norm", "update_norm")
    )
    return Kernels(
        tuple(variables[i] for i in pick),
        np.asarray(record.series["sampled.step"]),
        np.asarray(record.series["sampled.steps"]),
        np.asarray(grad, float)[:, pick],
        weight,
        update,
    )
