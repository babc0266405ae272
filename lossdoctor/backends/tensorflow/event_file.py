"""TensorBoard events, written with TensorFlow's own writer.

`tf.summary.scalar` needs the package tensorboard, which TensorFlow no longer brings along; the raw form
(`write_raw_pb`) needs nothing, and TensorBoard reads both alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import tensorflow as tf


def write_events(folder: str, steps: Sequence[tuple[int, Mapping[str, float | str]]]) -> None:
    """See `base.Backend.write_events`."""
    try:
        writer = tf.summary.create_file_writer(folder, filename_suffix=".lossdoctor")
    except tf.errors.OpError as error:
        raise ValueError(
            f"log_dir={folder!r}: cannot write there ({error.message}); pass a folder that can be made"
        ) from None
    with writer.as_default(), tf.summary.record_if(True):
        for step, values in steps:
            if values:
                summary = tf.compat.v1.Summary(value=[_value(tag, value) for tag, value in values.items()])
                tf.summary.experimental.write_raw_pb(summary.SerializeToString(), step=step)
    writer.close()


def _value(tag: str, value: float | str) -> Any:
    # 1 and 2 are DATA_CLASS_SCALAR and DATA_CLASS_TENSOR of TensorBoard's summary.proto.
    text = isinstance(value, str)
    kind = tf.compat.v1.SummaryMetadata(data_class=2 if text else 1)
    kind.plugin_data.plugin_name = "text" if text else "scalars"
    if isinstance(value, str):
        tensor = tf.make_tensor_proto(value.encode(), dtype=tf.string, shape=())
    else:
        tensor = tf.make_tensor_proto(value, dtype=tf.float32)
    return tf.compat.v1.Summary.Value(tag=tag, tensor=tensor, metadata=kind)
