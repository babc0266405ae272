"""Strict JSON for records: dataclasses, numpy arrays and non-finite numbers, out and in without loss.

`json.dumps` writes a bare `NaN`, which is not JSON and which this package of all would meet. Non-finite
numbers become `{"$float": "nan"}`; arrays become `{"$array": dtype, "shape": [...], "data": [...]}`
with non-finite entries as the strings "nan", "inf" and "-inf". Other keys that begin with "$" get one more.
"""

from __future__ import annotations

import dataclasses
import json
import math
import types
import typing
from typing import Any

import numpy as np


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Returns strict JSON for a record part (dataclass, dict, list, array, scalar)."""
    return json.dumps(encode(value), allow_nan=False, indent=indent)


def loads(text: str, kind: Any = Any) -> Any:
    """Returns the value of type `kind` that `dumps` wrote.

    Raises:
        ValueError: the text is not JSON (json.JSONDecodeError) or does not fit `kind`.
    """
    return decode(json.loads(text), kind)


def encode(value: Any) -> Any:
    """Returns plain JSON types for `value`."""
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, np.ndarray):
        data = [_number(v) for v in value.ravel().tolist()]
        return {"$array": value.dtype.name, "shape": list(value.shape), "data": data}
    if isinstance(value, np.generic):
        return encode(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, dict):
        return {_escaped(str(k)): encode(v) for k, v in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [encode(v) for v in value]
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    return str(value)


def _escaped(key: str) -> str:
    return f"${key}" if key.startswith("$") else key  # the user's own "$array" is no array


def _number(value: Any) -> Any:
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def decode(value: Any, kind: Any = Any) -> Any:
    """Returns `value` (plain JSON types) as `kind`: a dataclass, tuple[X, ...], dict[str, X], X | None."""
    if isinstance(value, dict) and "$array" in value:
        data = [float(v) if isinstance(v, str) else v for v in value["data"]]
        return np.array(data, dtype=value["$array"]).reshape(value["shape"])
    if isinstance(value, dict) and "$float" in value:
        return float(value["$float"])
    if dataclasses.is_dataclass(kind) and isinstance(kind, type):
        return _decode_dataclass(value, kind)
    origin, args = typing.get_origin(kind), typing.get_args(kind)
    if origin in (typing.Union, types.UnionType):
        return None if value is None else decode(value, next(a for a in args if a is not type(None)))
    if origin is tuple:
        return tuple(decode(v, args[0]) for v in value)
    if origin is list:
        return [decode(v, args[0]) for v in value]
    if isinstance(value, dict):
        inner = args[1] if origin is dict else Any
        return {k[1:] if k.startswith("$$") else k: decode(v, inner) for k, v in value.items()}
    if isinstance(value, list):
        return [decode(v) for v in value]
    return float(value) if kind is float and value is not None else value


def _decode_dataclass(value: Any, kind: Any) -> Any:
    if not isinstance(value, dict):
        raise ValueError(f"expected an object with the fields of {kind.__name__}, got {value!r:.80}")
    hints = typing.get_type_hints(kind)
    known = {f.name for f in dataclasses.fields(kind)}
    # Unknown fields are skipped, so that a newer minor version's record can still be read.
    return kind(**{k: decode(v, hints[k]) for k, v in value.items() if k in known})
