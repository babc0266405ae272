"""The user's own compile call, with a change in it, as text to paste."""

from __future__ import annotations

import math
from typing import Any

from lossdoctor.causes.cause import Facts

SHOWN = (
    "momentum",
    "nesterov",
    "beta_1",
    "beta_2",
    "rho",
    "weight_decay",
    "clipnorm",
    "clipvalue",
    "global_clipnorm",
)
DEFAULTS = {
    "momentum": 0.0,
    "nesterov": False,
    "beta_1": 0.9,
    "beta_2": 0.999,
    "rho": 0.9,
    "weight_decay": 0.004,
}


def optimizer_argument(facts: Facts, kind: str | None = None, **changes: Any) -> str:
    """Returns "optimizer=keras.optimizers.SGD(learning_rate=0.001, momentum=0.9)" with `changes` made.

    Args:
        facts: their setup holds the optimizer.
        kind: another optimizer's class name; None for the user's own.
        changes: settings to add or replace; None takes a setting out.
    """
    mine = facts.optimizer
    settings: dict[str, Any] = (
        {} if mine.learning_rate is None else {"learning_rate": literal(mine.learning_rate)}
    )
    if kind in (None, mine.kind):
        for name in SHOWN:
            value = mine.config.get(name)
            if value not in (None, DEFAULTS.get(name)):
                settings[name] = value
    settings.update(
        {k: literal(v) if isinstance(v, float) else v for k, v in changes.items() if v is not None}
    )
    settings = {k: v for k, v in settings.items() if not (k in changes and changes[k] is None)}
    inner = ", ".join(f"{k}={v}" for k, v in settings.items())
    return f"optimizer=keras.optimizers.{kind or mine.kind}({inner})"


def literal(value: float) -> str:
    """Returns a number as one writes it into code: 0.001, 2e-05, 1."""
    return f"{value:.3g}"


def round_down(value: float) -> float:
    """Returns the next lower number of the form 1, 2 or 5 times a power of ten.

    Example:
        >>> round_down(0.0037)
        0.002
    """
    power = 10.0 ** math.floor(math.log10(value))
    step = max(s for s in (1.0, 2.0, 5.0) if s * power <= value * 1.0000001)
    return float(f"{step * power:.3g}")
