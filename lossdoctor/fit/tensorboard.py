"""A run's measurements and findings as TensorBoard events."""

from __future__ import annotations

import os
from collections.abc import Iterator

import numpy as np

from lossdoctor import backends
from lossdoctor.diagnosis import Diagnosis, Findings
from lossdoctor.record import Record

PREFIX = "lossdoctor/"
BY_STEP = (
    "batch_loss",
    "batch_loss_max",
    "grad_norm",
    "grad_norm_max",
    "learning_rate",
    "epoch",
)  # series that share the axis "step"


def write_tensorboard(record: Record, findings: Findings, log_dir: str | os.PathLike[str]) -> None:
    """Writes batch loss, gradient norm, rate, update ratios (scalars) and findings (text) to `log_dir`.

    Args:
        record: what was measured.
        findings: what was concluded; each cause becomes a text at the step of the last batch.
        log_dir: the folder that TensorBoard is pointed at; it is made when it does not exist.

    Raises:
        ValueError: nothing can be written there.
    """
    series = [*_scalars(record)]
    last = int(record.series["step"][-1]) if len(record.series.get("step", ())) else 0
    backends.current().write_events(str(log_dir), [*series, (last, dict(_texts(findings)))])


def _scalars(record: Record) -> Iterator[tuple[int, dict[str, float]]]:
    """Yields step and values by tag: first the rows of every step, then the samples of the weights."""
    series = record.series
    steps = series.get("step", np.array([]))
    names = [name for name in BY_STEP if len(series.get(name, ())) == len(steps)]
    for row, step in enumerate(steps):
        yield int(step), {PREFIX + name: float(series[name][row]) for name in names}
    tags = [f"{PREFIX}update_ratio/{variable.path}" for variable in record.setup.variables]
    for step, ratios in zip(*_ratios(record), strict=True):
        yield int(step), {t: float(r) for t, r in zip(tags, ratios, strict=False) if np.isfinite(r)}


def _ratios(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Returns steps [samples] and the size of an update over that of the weights [samples, variables]."""
    steps = record.series.get("sampled.step", np.array([]))
    update, weight = (record.series.get(f"sampled.{kind}_norm") for kind in ("update", "weight"))
    if update is None or weight is None or len(update) != len(steps) or update.shape != weight.shape:
        return np.array([]), np.array([])
    with np.errstate(divide="ignore", invalid="ignore"):
        return steps, update / weight


def _texts(findings: Findings) -> Iterator[tuple[str, str]]:
    yield f"{PREFIX}verdict", findings.verdict
    for diagnosis in findings.diagnoses:
        yield f"{PREFIX}findings/{diagnosis.cause}", _markdown(diagnosis)


def _markdown(found: Diagnosis) -> str:
    lines = [f"**{found.title}** ({found.code}, confidence {found.confidence:.2f}, {found.severity})", ""]
    lines += [f"- {text}" for text in found.evidence]
    for remedy in found.remedies[:1]:
        lines += ["", f"Change: {remedy.summary}", "", *(f"    {row}" for row in remedy.code.splitlines())]
    return "\n".join(lines)
