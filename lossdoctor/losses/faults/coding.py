"""Targets whose kind or coding does not suit the loss."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import lossdoctor.losses.faults.class_labels as class_labels
import lossdoctor.losses.loss_row as loss_row
from lossdoctor.losses.faults.fault import LIKELY, MANY, POSSIBLE, PROVEN, Fault, span
from lossdoctor.losses.heads import Head
from lossdoctor.record import Target

DISTANCES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh")


def coding_faults(head: Head, metrics: tuple[str, ...] = ()) -> Iterator[Fault]:
    """Yields what is wrong between the loss of `head` and the kind of its targets.

    Args:
        head: the output. Custom losses and unseen targets give nothing.
        metrics: names of the metrics: an accuracy says that whole numbers are meant as classes.
    """
    if head.loss is None or head.target is None:
        return
    if head.target.coding == "text":
        kinds = f"{head.target.distinct} different values of type {head.target.dtype}"
        yield Fault(PROVEN, f"the targets are no numbers ({kinds}): class names must become numbers first.")
    elif head.target.coding == "unseen":
        yield from class_labels.by_shape(head)
    elif head.numbers:
        judge = _BY_NAME.get(head.loss.name) or _BY_NEED.get(head.loss.needs)
        yield from judge(head, head.numbers) if judge else ()
        yield from _classes_by_distance(head, head.numbers, _as_classes(metrics))


def _logarithms(head: Head, target: Target) -> Iterator[Fault]:
    share = target.shares.get("<0", 1.0 if target.low < 0 else 0.0)
    if share > 0:
        text = (
            f"{share:.0%} of the targets are below 0 (down to {target.low:.4g}); this loss treats them all "
            "as 0."
        )
        yield Fault(PROVEN if share >= MANY or target.low <= -1 else LIKELY, text)


def _percentages(head: Head, target: Target) -> Iterator[Fault]:
    share = target.shares.get("=0", 0.0)
    if 0 < share < 1:
        text = (
            f"{share:.1%} of the targets are 0: the loss divides their errors by 1e-7, which drowns all "
            "others."
        )
        yield Fault(PROVEN, text)


def _counts(head: Head, target: Target) -> Iterator[Fault]:
    if target.low < 0:
        share = target.shares.get("<0", 1.0)
        text = f"{share:.0%} of the targets are below 0 (down to {target.low:.4g}); counts and rates are not."
        yield Fault(PROVEN, text)


def _as_classes(metrics: tuple[str, ...]) -> bool:
    """Whether the metrics take the targets for classes: an accuracy, and nothing that measures a distance."""
    distance = ("mae", "mse", "mean_absolute", "mean_squared", "root_mean", "r2", "mape")
    return any("acc" in m for m in metrics) and not any(m.lower().startswith(distance) for m in metrics)


def _classes_by_distance(head: Head, target: Target, accuracy: bool) -> Iterator[Fault]:
    """A regression loss on class labels. Counts and ratings are alike, so something must say "classes"."""
    if head.loss is None or head.loss.name not in DISTANCES:
        return
    squashed = head.activation in ("softmax", "sigmoid")
    several = target.coding == "integer" and (target.classes or 0) > 2
    if several and (accuracy or head.activation == "softmax"):
        proven = squashed or (head.units or 1) > 1
        text = (
            f"{head.loss.title} on the class numbers {span(target.low, target.high)}: it takes class 0 to "
            "be nearer to 1 "
            f"than to {target.high:.4g}. Classes need a cross-entropy."
        )
        yield Fault(PROVEN if proven else LIKELY, text)
    elif target.coding == "one-hot" and (accuracy or head.activation == "softmax"):
        text = (
            f"{head.loss.title} on {head.columns} one-hot classes works, but learns more slowly than a "
            "cross-entropy."
        )
        yield Fault(POSSIBLE, text)
    elif target.coding in ("binary", "sign") and (accuracy or squashed):
        text = f"{head.loss.title} on labels of 2 classes works, but learns more slowly than a cross-entropy."
        yield Fault(POSSIBLE, text)


_Judge = Callable[[Head, Target], Iterator[Fault]]
_BY_NAME: dict[str, _Judge] = {
    "sparse_categorical_crossentropy": class_labels.sparse,
    "mean_squared_logarithmic_error": _logarithms,
    "mean_absolute_percentage_error": _percentages,
    "poisson": _counts,
    "categorical_hinge": class_labels.one_hot_scores,
}
_BY_NEED: dict[str, _Judge] = {
    loss_row.PROBABILITY: class_labels.yes_or_no,
    loss_row.SIMPLEX: class_labels.rows,
    loss_row.MARGIN: class_labels.sides,
}
