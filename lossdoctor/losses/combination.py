"""The combination of loss, units and activation that suits targets as they are, near to what the user has."""

from __future__ import annotations

from dataclasses import dataclass, replace

import lossdoctor.losses.loss_row as loss_row
from lossdoctor.losses import LOSSES, Loss
from lossdoctor.losses.faults import POSSIBLE, activation_faults, coding_faults
from lossdoctor.losses.heads import Head
from lossdoctor.record import Output, Target

FEW_KINDS = 50  # of so few different labels each is a class, however it is written
MAX_CLASSES = 10_000  # more units than this are not put in for whole numbers


BY_CODING = {
    "binary": "sigmoid",
    "multi-hot": "sigmoid",
    "sign": "tanh",
    "one-hot": "softmax",
    "distribution": "softmax",
}
# What to use instead where a regression loss does not take the targets' range.
INSTEAD = {
    "mean_absolute_percentage_error": "mean_absolute_error",
    "mean_squared_logarithmic_error": "mean_squared_error",
    "poisson": "mean_squared_error",
}


@dataclass(frozen=True)
class Combination:
    """What an output should be.

    Attributes:
        loss: a key of `LOSSES`.
        units: size of the output's last axis.
        activation: a Keras name; None where the present one stays.
        from_logits: what the loss is to be given.
    """

    loss: str
    units: int
    activation: str | None
    from_logits: bool

    def differs(self, head: Head) -> bool:
        """Whether anything has to change at `head`."""
        same = head.loss is not None and head.loss.name == self.loss and head.units == self.units
        return not same or self.activation is not None or self.from_logits != head.output.from_logits


def fitting_combination(head: Head, metrics: tuple[str, ...] = ()) -> Combination | None:
    """Returns the right combination for the targets of `head`, None when only the labels can be changed.

    The loss stays when its targets fit it, the activation when it fits the loss.
    """
    if head.loss is None or head.units is None:
        return None
    loss = _loss(head, metrics)
    units = _units(head, loss) if loss else None
    if loss is None or units is None:
        return None
    unchanged = loss.name == head.loss.name
    logits = unchanged and head.output.from_logits and head.activation not in ("sigmoid", "softmax")
    output = replace(head.output, loss=loss.name, units=units, from_logits=logits)
    if _fits(head, loss, output):
        return Combination(loss.name, units, None, logits)
    return Combination(loss.name, units, "linear" if logits else _activation(head, loss), logits)


def _activation(head: Head, loss: Loss) -> str:
    """Returns the usual activation of a loss; for classes under a regression loss the one of their coding."""
    if loss.needs == loss_row.REACH and head.numbers:
        return BY_CODING.get(head.numbers.coding, "linear")
    return loss.activations[0]


def _fits(head: Head, loss: Loss, output: Output) -> bool:
    return not any(activation_faults(replace(head, loss=loss, output=output)))


def _loss(head: Head, metrics: tuple[str, ...]) -> Loss | None:
    assert head.loss
    target = head.numbers
    if head.target and head.target.coding == "unseen":
        return LOSSES[_by_shape(head)]
    if target is None or all(f.grade == POSSIBLE for f in coding_faults(head, metrics)):
        if target and target.coding == "binary" and head.columns == 1 and head.activation == "softmax":
            two = head.loss.needs == loss_row.PROBABILITY and head.units == 2
            return LOSSES["sparse_categorical_crossentropy"] if two else head.loss
        return head.loss
    if head.loss.name in INSTEAD:
        return LOSSES[INSTEAD[head.loss.name]]
    name = _for_rows(head, target) if (head.columns or 1) > 1 else _for_one_column(head, target)
    return LOSSES[name] if name else None


def _by_shape(head: Head) -> str:
    """Returns the loss for targets of which only the shape is known."""
    assert head.loss
    if head.loss.needs != loss_row.SIMPLEX:
        return head.loss.name
    if head.loss.units == loss_row.CLASSES:
        return head.loss.name if head.columns == 1 else "categorical_crossentropy"
    return "sparse_categorical_crossentropy" if head.columns == 1 else head.loss.name


def _for_one_column(head: Head, target: Target) -> str | None:
    assert head.loss
    if target.coding == "sign":
        return "hinge"
    if target.coding == "binary" and head.units == 1:
        return "binary_crossentropy"
    if target.integers and target.low >= 0 and target.high < min(MAX_CLASSES, 20 * max(head.units or 1, 50)):
        return "sparse_categorical_crossentropy"
    of_classes = head.loss.task in ("multiclass", "binary") and 0 < target.distinct <= FEW_KINDS
    mangled = target.integers or 0 <= target.low <= target.high <= 1  # shifted or scaled class numbers
    return None if of_classes and mangled else "mean_squared_error"


def _for_rows(head: Head, target: Target) -> str:
    assert head.loss
    by_coding = {
        "one-hot": "categorical_crossentropy",
        "distribution": "kl_divergence" if head.loss.task == "distribution" else "categorical_crossentropy",
        "multi-hot": "binary_crossentropy",
        "sign": "hinge",
    }
    return by_coding.get(target.coding, "mean_squared_error")


def _units(head: Head, loss: Loss) -> int | None:
    target, units = head.numbers, head.units or 1
    if target is None:
        return units if head.columns is None or loss.units == loss_row.CLASSES else head.columns
    if loss.units == loss_row.CLASSES:
        need = int(target.high) + 1
        return max(need, units) if units > 1 or need > units else max(need, 2)
    return head.columns
