"""A run's measurements and findings as TensorBoard events, written with TensorFlow's own writer.

`tf.summary.scalar` needs the package tensorboard, which TensorFlow no longer brings along; the raw form
(`write_raw_pb`) needs nothing, and TensorBoard reads both alike.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np

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
    import tensorflow as tf

    try:
        writer = tf.summary.create_file_writer(str(log_dir), filename_suffix=".lossdoctor")
    except tf.errors.OpError as error:
        raise ValueError(
            f"log_dir={str(log_dir)!r}: cannot write there ({error.message}); pass a folder that can be made"
        ) from None
    with writer.as_default(), tf.summary.record_if(True):
        for step, values in _scalars(record):
            _write(tf, step, [_scalar(tf, tag, value) for tag, value in values])
        last = int(record.series["step"][-1]) if len(record.series.get("step", ())) else 0
        _write(tf, last, [_text(tf, tag, text) for tag, text in _texts(findings)])
    writer.close()


def _scalars(record: Record) -> Iterator[tuple[int, list[tuple[str, float]]]]:
    """Yields step and (tag, value) pairs: first the rows of every step, then the looks at the weights."""
    series = record.series
    steps = series.get("step", np.array([]))
    names = [name for name in BY_STEP if len(series.get(name, ())) == len(steps)]
    for row, step in enumerate(steps):
        yield int(step), [(PREFIX + name, float(series[name][row])) for name in names]
    tags = [f"{PREFIX}update_ratio/{variable.path}" for variable in record.setup.variables]
    for step, ratios in zip(*_ratios(record), strict=True):
        yield int(step), [(t, float(r)) for t, r in zip(tags, ratios, strict=False) if np.isfinite(r)]


def _ratios(record: Record) -> tuple[np.ndarray, np.ndarray]:
    """Returns steps [looks] and the size of an update over that of the weights [looks, variables]."""
    looks = record.series.get("sampled.step", np.array([]))
    update, weight = (record.series.get(f"sampled.{kind}_norm") for kind in ("update", "weight"))
    if update is None or weight is None or len(update) != len(looks) or update.shape != weight.shape:
        return np.array([]), np.array([])
    with np.errstate(divide="ignore", invalid="ignore"):
        return looks, update / weight


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


def _scalar(tf: Any, tag: str, value: float) -> Any:
    kind = tf.compat.v1.SummaryMetadata(data_class=1)  # DATA_CLASS_SCALAR
    kind.plugin_data.plugin_name = "scalars"
    tensor = tf.make_tensor_proto(value, dtype=tf.float32)
    return tf.compat.v1.Summary.Value(tag=tag, tensor=tensor, metadata=kind)


def _text(tf: Any, tag: str, text: str) -> Any:
    kind = tf.compat.v1.SummaryMetadata(data_class=2)  # DATA_CLASS_TENSOR
    kind.plugin_data.plugin_name = "text"
    tensor = tf.make_tensor_proto(text.encode(), dtype=tf.string, shape=())
    return tf.compat.v1.Summary.Value(tag=tag, tensor=tensor, metadata=kind)


def _write(tf: Any, step: int, values: list[Any]) -> None:
    if values:
        summary = tf.compat.v1.Summary(value=values)
        tf.summary.experimental.write_raw_pb(summary.SerializeToString(), step=step)
