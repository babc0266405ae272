"""Limits: up to which learning rate an optimizer is stable on a quadratic of a given curvature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

# Optimizers whose step is divided by the root of the mean squared gradient.
ADAPTIVE = ("Adam", "AdamW", "Nadam", "RMSprop")
EPSILON = 1e-7


def limit_of(kind: str, config: Mapping[str, Any], curvature: float) -> float:
    """Returns the largest stable learning rate.

    SGD 2/c; with momentum b 2(1+b)/c, Nesterov's 2(1+b)/((1+2b)c) (Cohen et al. 2021, arXiv 2103.00065,
    appendix B). For Adam and RMSprop `curvature` is that of the preconditioned loss; Adam's averaged
    momentum allows (2+2b)/((1-b)c) (Cohen et al. 2022, arXiv 2207.14484).

    Args:
        kind: class name of the optimizer.
        config: its settings.
        curvature: largest eigenvalue, above 0; see `preconditioner` for Adam and RMSprop.

    Raises:
        ValueError: no limit is known for this optimizer, or the curvature is not above 0.

    Example:
        >>> limit_of("SGD", {}, 4.0), limit_of("SGD", {"momentum": 0.5}, 4.0)
        (0.5, 0.75)
    """
    if not curvature > 0:
        raise ValueError(f"the largest curvature is {curvature:.3g}: nothing limits the rate here")
    if kind in ("Adam", "AdamW", "Nadam"):
        b = float(config.get("beta_1", 0.9))
        return 2.0 * (1.0 + b) / ((1.0 - b) * curvature)
    if kind not in ("SGD", "RMSprop"):
        raise ValueError(f"no stability limit is known for {kind}")
    b = float(config.get("momentum") or 0.0)
    if config.get("nesterov"):
        return 2.0 * (1.0 + b) / ((1.0 + 2.0 * b) * curvature)
    return 2.0 * (1.0 + b) / curvature


def form_of(kind: str, config: Mapping[str, Any]) -> str:
    """Returns the formula of `limit_of` in words."""
    if kind in ADAPTIVE:
        return f"{kind}: preconditioned curvature c, " + ("2/c" if kind == "RMSprop" else "2(1+b)/((1-b)c)")
    if config.get("nesterov"):
        return "SGD with Nesterov momentum b: 2(1+b)/((1+2b)c)"
    return "SGD with momentum b: 2(1+b)/c" if config.get("momentum") else "SGD: 2/c"


def preconditioner(squares: np.ndarray, config: Mapping[str, Any]) -> np.ndarray:
    """Returns what Adam or RMSprop divide the step by, from the mean squared gradient of each weight."""
    return np.sqrt(squares) + float(config.get("epsilon") or EPSILON)
