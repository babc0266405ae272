"""A frozen value with some fields changed."""

from __future__ import annotations

from typing import Any, TypeVar

Value = TypeVar("Value")


def replace(value: Value, **changes: Any) -> Value:
    """Returns a copy of a dataclass (without slots and __post_init__) that differs in `changes`.

    As dataclasses.replace, which takes five times as long for a frozen class of twenty fields: the machine
    makes ten such copies a training step, and that may be over in less than a millisecond.
    """
    copy = object.__new__(type(value))
    vars(copy).update(vars(value), **changes)
    return copy
