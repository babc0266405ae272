"""Remedy: what to change, in words, as code and as actions that a machine can carry out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from lossdoctor.remedies.action import Action


@dataclass(frozen=True)
class Remedy:
    """What to change.

    Attributes:
        summary: one imperative sentence.
        code: what to paste, in terms of the user's own compile call or layers; "" when there is none.
        actions: how to apply it to a model; empty where only the user can act (relabel data, say).
        verified: what a replay measured, as a sentence; None when it was not replayed.
        confirmed: True or False when a replay confirmed or refuted it; None when it was not replayed.
        outcome: what a replay of it came to: "helped", "no effect", "worse"; None when it was not tried.

    Example:
        >>> Remedy("Lower the learning rate to 0.001.", actions=(Action("learning_rate", {"value": 1e-3}),)).code
        ''
    """

    summary: str
    code: str = ""
    actions: tuple[Action, ...] = ()
    verified: str | None = None
    confirmed: bool | None = None
    outcome: str | None = None

    def apply(self, model: Any) -> Any:
        """Returns a fresh, compiled, untrained copy of `model` with this change, or None.

        Args:
            model: a built and compiled keras.Model. It is not touched.

        Returns:
            A new keras.Model; None where only the user can act.

        Raises:
            ValueError: the model cannot be rebuilt (its message says why).
        """
        if not self.actions:
            return None
        from lossdoctor.remedies.apply import apply_actions  # loads Keras

        return apply_actions(model, self.actions)
