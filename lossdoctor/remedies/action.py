"""Action: a change to a model as plain data, which a record can hold and `remedies.apply` can carry out."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Action:
    """A change that lossdoctor can carry out on a model, as plain data (so that it can be saved).

    Attributes:
        kind: a key of `remedies.apply.ACTIONS`, "learning_rate" for example.
        arguments: that function's keyword arguments, as JSON holds them.

    Example:
        >>> Action("learning_rate", {"value": 1e-3}).kind
        'learning_rate'
    """

    kind: str
    arguments: dict[str, Any] = field(default_factory=dict)
