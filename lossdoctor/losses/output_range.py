"""Which values an output activation, or a chain of them, can take."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

INF = math.inf


class Range(NamedTuple):
    """The values between `low` and `high`; the ends may be reached only in the limit."""

    low: float
    high: float


def _sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x)) if x > -700 else 0.0


def _softplus(x: float) -> float:
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def _exponential(x: float) -> float:
    return math.exp(x) if x < 700 else INF


# Rising functions: the range of a chain follows from its ends. Formulas and constants as in Keras's
# keras/src/activations/activations.py (3.15); tests/losses/test_activations.py compares them.
RISING: dict[str, Callable[[float], float]] = {
    "linear": lambda x: x,
    "sigmoid": _sigmoid,
    "hard_sigmoid": lambda x: min(max(x / 6 + 0.5, 0.0), 1.0),
    "tanh": math.tanh,
    "hard_tanh": lambda x: min(max(x, -1.0), 1.0),
    "softsign": lambda x: math.copysign(1.0, x) if math.isinf(x) else x / (1 + abs(x)),
    "relu": lambda x: max(x, 0.0),
    "relu6": lambda x: min(max(x, 0.0), 6.0),
    "leaky_relu": lambda x: x if x > 0 else 0.2 * x,
    "elu": lambda x: x if x > 0 else math.expm1(x),
    "selu": lambda x: 1.05070098 * (x if x > 0 else 1.67326324 * math.expm1(x)),
    "celu": lambda x: x if x > 0 else math.expm1(x),
    "softplus": _softplus,
    "exponential": _exponential,
    "log_sigmoid": lambda x: -_softplus(-x),
}
# Those that first fall: range over all numbers only.
DIPPING = {
    "gelu": Range(-0.17004, INF),
    "silu": Range(-0.27846, INF),
    "swish": Range(-0.27846, INF),
    "mish": Range(-0.30884, INF),
    "hard_silu": Range(-0.375, INF),
    "hard_swish": Range(-0.375, INF),
    "log_softmax": Range(-INF, 0.0),
    "sparsemax": Range(0.0, 1.0),
    "prelu": Range(-INF, INF),
    "glu": Range(-INF, INF),
}
ALIASES = {
    "softmax_v2": "softmax",
    "exp": "exponential",
    "leakyrelu": "leaky_relu",
    "hardsigmoid": "hard_sigmoid",
}


def without_linear(activations: Sequence[str]) -> tuple[str, ...]:
    """Returns a chain of activations, innermost first, under their Keras names and without "linear"."""
    names = (ALIASES.get(name.lower(), name.lower()) for name in activations)
    return tuple(name for name in names if name != "linear")


def known(activations: Sequence[str]) -> bool:
    """Whether every activation of the chain is one whose range we know."""
    return all(name in RISING or name in DIPPING or name == "softmax" for name in without_linear(activations))


def reach(activations: Sequence[str], units: int | None = None) -> Range | None:
    """Returns the values that a chain of activations can take, None when one of them is not known.

    Args:
        activations: innermost first; () is a linear output.
        units: width of the output, for softmax.

    Example:
        >>> reach(("relu", "sigmoid"))
        Range(low=0.5, high=1.0)
    """
    found = Range(-INF, INF)
    for name in without_linear(activations):
        if name == "softmax":
            found = softmax_reach(found, units)
        elif name in RISING:
            found = Range(RISING[name](found.low), RISING[name](found.high))
        elif name in DIPPING:
            found = DIPPING[name]
        else:
            return None
    return found


def softmax_reach(inner: Range, units: int | None) -> Range:
    """Returns what a softmax over `units` entries can give when its inputs lie in `inner`."""
    if units == 1:
        return Range(1.0, 1.0)
    width = inner.high - inner.low
    if units is None or math.isinf(width):
        return Range(0.0, 1.0)
    return Range(1 / (1 + (units - 1) * math.exp(width)), 1 / (1 + (units - 1) * math.exp(-width)))
