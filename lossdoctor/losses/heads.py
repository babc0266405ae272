"""Head: one output of a model with its loss, its targets and the table's row for them."""

from __future__ import annotations

from dataclasses import dataclass

from lossdoctor.losses import Loss, loss_of
from lossdoctor.losses.output_range import Range, known, reach, without_linear
from lossdoctor.record import Data, Output, Setup, Target

UNREADABLE = ("text", "empty", "unseen")  # codings without numbers


@dataclass(frozen=True)
class Head:
    """One output, ready to be judged.

    Attributes:
        index: place among the model's outputs, from 0.
        output: what the setup says of it.
        loss: the table's row; None for a custom loss or none at all.
        target: what was seen of its targets; None when nothing was.
        alone: the model has no other output.
    """

    index: int
    output: Output
    loss: Loss | None
    target: Target | None
    alone: bool = True

    @property
    def called(self) -> str:
        """Opens a sentence about this output: empty when the model has only one."""
        return "" if self.alone else f"Output {self.output.name!r}: "

    @property
    def chain(self) -> tuple[str, ...]:
        """The activations applied last, innermost first, without "linear"."""
        return without_linear(self.output.activations)

    @property
    def activation(self) -> str:
        return self.chain[-1] if self.chain else "linear"

    @property
    def readable(self) -> bool:
        """Whether the values of the output follow from its activations."""
        return known(self.chain) and not self.output.rescaled

    @property
    def range(self) -> Range:
        """The values that the output can take; everything when that is not known."""
        found = reach(self.chain, self.units) if self.readable else None
        return found or Range(float("-inf"), float("inf"))

    @property
    def units(self) -> int | None:
        return self.output.units

    @property
    def columns(self) -> int | None:
        """Columns of the targets as the loss sees them; None when the targets were not seen.

        Targets with one axis less than the output hold one number where the output has a row of units.
        """
        if self.target is None or self.target.coding in ("text", "empty"):
            return None
        shape = self.target.shape
        if not shape or len(shape) == len(self.output.shape) - 1:
            return 1
        return shape[-1]

    @property
    def numbers(self) -> Target | None:
        """The targets when they hold numbers, else None."""
        readable = self.target is not None and self.target.coding not in UNREADABLE
        return self.target if readable else None


def heads(setup: Setup, data: Data) -> tuple[Head, ...]:
    """Returns every output of a model with its loss and targets.

    Targets are paired by name when each output has one of its name, else by order when there are as many.
    """
    outputs, targets = setup.outputs, data.targets
    by_name = {target.name: target for target in targets}
    named = len(by_name) == len(targets) and {o.name for o in outputs} <= set(by_name)
    found = []
    for i, output in enumerate(outputs):
        in_order = targets[i] if len(targets) == len(outputs) else None
        target = by_name[output.name] if named else in_order
        found.append(Head(i, output, loss_of(output.loss), target, len(outputs) == 1))
    return tuple(found)
