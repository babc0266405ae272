"""TensorBoard events, written with the package tensorboard."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any


def write_events(folder: str, steps: Sequence[tuple[int, Mapping[str, float | str]]]) -> None:
    """See `base.Backend.write_events`."""
    try:
        from tensorboard.compat.proto.event_pb2 import Event
        from tensorboard.compat.proto.summary_pb2 import Summary
        from tensorboard.summary.writer.event_file_writer import EventFileWriter
    except ImportError:
        raise ValueError(
            f"log_dir={folder!r}: writing events needs the package tensorboard; pip install tensorboard"
        ) from None
    try:
        writer = EventFileWriter(folder, filename_suffix=".lossdoctor")
    except OSError as error:
        raise ValueError(
            f"log_dir={folder!r}: cannot write there ({error}); pass a folder that can be made"
        ) from None
    for step, values in steps:
        if values:
            summary = Summary(value=[_value(tag, value) for tag, value in values.items()])
            writer.add_event(Event(step=step, summary=summary))
    writer.close()


def _value(tag: str, value: float | str) -> Any:
    from tensorboard.compat.proto.summary_pb2 import Summary, SummaryMetadata
    from tensorboard.compat.proto.tensor_pb2 import TensorProto
    from tensorboard.compat.proto.types_pb2 import DT_FLOAT, DT_STRING

    # 1 and 2 are DATA_CLASS_SCALAR and DATA_CLASS_TENSOR of TensorBoard's summary.proto.
    text = isinstance(value, str)
    plugin = SummaryMetadata.PluginData(plugin_name="text" if text else "scalars")
    kind = SummaryMetadata(data_class=2 if text else 1, plugin_data=plugin)
    if isinstance(value, str):
        tensor = TensorProto(dtype=DT_STRING, string_val=[value.encode()])
    else:
        tensor = TensorProto(dtype=DT_FLOAT, float_val=[value])
    return Summary.Value(tag=tag, tensor=tensor, metadata=kind)
