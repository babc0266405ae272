"""Reader: who measures the steps; each has some columns in the row of a step."""

from __future__ import annotations

from typing import Any

from lossdoctor.backends.jax.notes import Notes


class Reader:
    """Measures each step while it is traced, and takes the row with what was measured on the host.

    Attributes:
        columns: which part of a row is its own; set while a step is traced.
    """

    columns: slice = slice(0, 0)

    def before(self, data: Any) -> None:
        """Takes the data of a step that is about to be sent off. On the host."""

    def on_loss(self, notes: Notes, given: dict[str, Any]) -> None:
        """`given` are the arguments of compute_loss, within jax.grad: note what `notes.outside` gives."""

    def measure(self, step: Any) -> list[Any]:
        """Returns its columns of a `TracedStep`, scalars."""
        raise NotImplementedError

    def choose(self, step: Any) -> Any:
        """Returns the state to go on with after a `TracedStep`."""
        return step.new

    def add(self, row: Any, data: Any) -> None:
        """Takes the row of a step that was sent off, an array that may not be there yet, and its data. On the host."""
        raise NotImplementedError
