"""What each Keras loss needs of targets and outputs: one table that rules, checkup and docs all read."""

from __future__ import annotations

import re

from lossdoctor.losses.loss_row import Best, Loss
from lossdoctor.losses.table_classes import ENTROPIES
from lossdoctor.losses.table_margins import MARGINS
from lossdoctor.losses.table_values import VALUES

LOSSES: dict[str, Loss] = {loss.name: loss for loss in (*VALUES, *ENTROPIES, *MARGINS)}

_ALIASES = {alias: loss.name for loss in LOSSES.values() for alias in (loss.name, *loss.aliases)}
_BY_LETTERS = {alias.replace("_", ""): name for alias, name in _ALIASES.items()}


def canonical(name: str | None) -> str | None:
    """Returns the key in `LOSSES` for any name of a Keras loss, None when it is none of them.

    Takes function names, class names and aliases in any spelling.

    Example:
        >>> canonical("MSE"), canonical("KLDivergence"), canonical("custom:triplet")
        ('mean_squared_error', 'kl_divergence', None)
    """
    if not isinstance(name, str) or ":" in name:
        return None
    return _BY_LETTERS.get(re.sub(r"[^a-z]", "", name.lower()))


def loss_of(name: str | None) -> Loss | None:
    """Returns the table's row for any name of a Keras loss, None when it is none of them."""
    key = canonical(name)
    return LOSSES[key] if key else None


__all__ = ["LOSSES", "Best", "Loss", "canonical", "loss_of"]
