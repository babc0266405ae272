"""TensorBoard event files without TensorFlow: TFRecord frames holding protobuf messages.

Frame: 8 bytes length, 4 bytes checksum, the message, 4 bytes checksum (little endian). A message is a row
of fields, each a key (number x 8 + kind) and a value. Only the fields needed are named below; the numbers
are those of tensorflow/core/util/event.proto, framework/summary.proto and framework/tensor.proto.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
EVENT_WALL_TIME, EVENT_STEP, EVENT_SUMMARY = 1, 2, 5
SUMMARY_VALUE, VALUE_TAG, VALUE_SIMPLE, VALUE_TENSOR = 1, 1, 2, 8
TENSOR_DTYPE, TENSOR_CONTENT, TENSOR_FLOATS, TENSOR_DOUBLES = 1, 4, 5, 6
FORMATS = {1: "<f", 2: "<d", 3: "<i", 9: "<q", 19: "<e"}  # DT_FLOAT, DT_DOUBLE, DT_INT32, DT_INT64, DT_HALF
LONGEST = 64 * 2**20  # bytes; a longer frame is a picture or a broken length


class CutOff(ValueError):
    """The file ends, or goes wrong, in the middle of a frame."""


@dataclass(frozen=True)
class Scalar:
    """One number of one tag at one step. `step` is what the writer passed: a batch or an epoch."""

    tag: str
    step: int
    value: float
    wall_time: float


def scalars(stream: BinaryIO) -> Iterator[Scalar]:
    """Yields the scalars of an event file in its order, one frame in memory at a time.

    Raises:
        CutOff: the file ends within a frame or its length makes no sense.
    """
    for frame in frames(stream):
        try:
            yield from _event(frame)
        except (struct.error, IndexError, OverflowError) as error:
            raise CutOff(f"a damaged message ({error})") from None


def frames(stream: BinaryIO) -> Iterator[bytes]:
    """Yields the messages of a TFRecord file."""
    while head := stream.read(12):
        length = struct.unpack("<Q", head[:8])[0] if len(head) == 12 else LONGEST + 1
        if length > LONGEST:
            raise CutOff("the file is cut off or damaged")
        body = stream.read(length + 4)
        if len(body) < length + 4:
            raise CutOff("the file is cut off")
        yield body[:length]


def fields(message: bytes) -> Iterator[tuple[int, int | bytes]]:
    """Yields number and raw value (int for a varint, else bytes) of each field of a message."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(message, at)
            yield number, value
            continue
        if kind == BYTES:
            size, at = _varint(message, at)
        elif kind in (FIXED64, FIXED32):
            size = 8 if kind == FIXED64 else 4
        else:
            raise IndexError(f"unknown kind {kind}")
        if at + size > end:
            raise IndexError("a field ends beyond its message")
        yield number, message[at : at + size]
        at += size


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = message[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
        if shift > 63:
            raise IndexError("a number of more than 64 bits")


def _event(frame: bytes) -> Iterator[Scalar]:
    wall_time, step, summary = 0.0, 0, b""
    for number, value in fields(frame):
        if number == EVENT_WALL_TIME and isinstance(value, bytes):
            wall_time = struct.unpack("<d", value)[0]
        elif number == EVENT_STEP and isinstance(value, int):
            step = value
        elif number == EVENT_SUMMARY and isinstance(value, bytes):
            summary = value
    for tag, scalar in _values(summary):
        yield Scalar(tag, step, scalar, wall_time)


def _values(summary: bytes) -> Iterator[tuple[str, float]]:
    for number, value in fields(summary):
        if number == SUMMARY_VALUE and isinstance(value, bytes):
            found = _value(value)
            if found is not None:
                yield found


def _value(message: bytes) -> tuple[str, float] | None:
    tag, number = "", None
    for field, value in fields(message):
        if not isinstance(value, bytes):
            continue
        if field == VALUE_TAG:
            tag = value.decode("utf-8", "replace")
        elif field == VALUE_SIMPLE:
            number = float(struct.unpack("<f", value)[0])
        elif field == VALUE_TENSOR:
            number = _tensor(value)
    return None if number is None else (tag, number)


def _tensor(message: bytes) -> float | None:
    """Returns the number in a tensor with one entry, None for text, pictures and histograms."""
    kind = 0
    for field, value in fields(message):
        if field == TENSOR_DTYPE and isinstance(value, int):
            kind = value
        form = {TENSOR_CONTENT: FORMATS.get(kind), TENSOR_FLOATS: "<f", TENSOR_DOUBLES: "<d"}.get(field)
        if form and isinstance(value, bytes) and len(value) == struct.calcsize(form):
            return float(struct.unpack(form, value)[0])
    return None
