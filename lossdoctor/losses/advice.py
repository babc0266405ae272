"""What the theory of losses has to say beside faults: information, never an alarm."""

from __future__ import annotations

import lossdoctor.losses.loss_row as loss_row
from lossdoctor.losses import loss_of
from lossdoctor.losses.heads import Head, heads
from lossdoctor.record import Data, Output, Setup, Target

FAR = 10.0  # robust standard deviations; beyond it a normal variable is not met in any data set
ORDERS = 1000.0  # targets over three orders of magnitude or more
TALL = 20.0  # times the mean, where the lowest target is 0
MANY_CLASSES = 50
SOFT = 0.01  # share of the baseline from which the floor is worth a sentence


def notes(setup: Setup, data: Data) -> list[str]:
    """Returns the advice on every output of a model, each sentence opened by the output's name if need be."""
    found = heads(setup, data)
    return [h.called + text for h in found for text in advice(h.output, h.target, setup.metrics)]


def advice(output: Output, target: Target | None, metrics: tuple[str, ...] = ()) -> list[str]:
    """Returns sentences about a loss that suits its targets but could be chosen or interpreted better.

    Args:
        output: the output with its loss; a custom loss gives nothing.
        target: what was seen of its targets.
        metrics: names of the metrics of this output.
    """
    head = Head(0, output, loss_of(output.loss), target)
    if head.loss is None or head.numbers is None:
        return []
    found = (
        _outliers(head, head.numbers),
        _magnitudes(head, head.numbers),
        _one_hot(head, head.numbers),
        _floor(head, head.numbers),
        _accuracy(head, head.numbers, metrics),
        _negative(head, head.numbers),
    )
    return [sentence for sentence in found if sentence]


def _outliers(head: Head, target: Target) -> str | None:
    assert head.loss
    if head.loss.name != "mean_squared_error" or target.coding != "real" or target.outlier < FAR:
        return None
    return (
        f"One target lies {target.outlier:.0f} robust standard deviations from the median (row "
        f"{target.outlier_row} of "
        "the sample). Squared error is dominated by such rows; mean absolute error or Huber's loss is not."
    )


def _magnitudes(head: Head, target: Target) -> str | None:
    assert head.loss
    amounts = target.coding in ("real", "integer") and target.low >= 0 and target.high >= ORDERS
    wide = target.high >= ORDERS * target.low if target.low > 0 else target.high >= TALL * target.mean
    if head.loss.name not in ("mean_squared_error", "mean_absolute_error", "huber") or not (amounts and wide):
        return None
    return (
        f"The targets are {target.low:.4g} to {target.high:.4g}, several orders of magnitude. If relative "
        "errors count, "
        "mean squared logarithmic error (or log1p of the targets) weighs small and large ones alike."
    )


def _one_hot(head: Head, target: Target) -> str | None:
    assert head.loss
    if head.loss.name != "categorical_crossentropy" or target.coding != "one-hot":
        return None
    if (head.columns or 0) < MANY_CLASSES:
        return None
    return (
        f"One-hot rows of {head.columns} columns hold one number each: class numbers with "
        "sparse_categorical_crossentropy are the same loss and need a fraction of the memory."
    )


def _floor(head: Head, target: Target) -> str | None:
    assert head.loss
    floor, level = target.floors.get(head.loss.name), target.baselines.get(head.loss.name)
    if floor is None or level is None or head.loss.needs not in (loss_row.PROBABILITY, loss_row.SIMPLEX):
        return None
    if floor <= SOFT * level:
        return None
    return (
        f"The labels are soft: their own entropy is {floor:.4g}, and no model's {head.loss.title} can fall "
        "below it "
        f"(always giving the same answer costs {level:.4g}). A loss that stays there is not stuck."
    )


def _accuracy(head: Head, target: Target, metrics: tuple[str, ...]) -> str | None:
    accuracy = next((name for name in metrics if "acc" in name), None)
    if accuracy is None or target.coding != "real" or head.loss is None or head.loss.task != "regression":
        return None
    return (
        f"The metric {accuracy!r} counts outputs that equal their target exactly, which says nothing about "
        f"targets of {target.low:.4g} to {target.high:.4g}: use 'mae'."
    )


def _negative(head: Head, target: Target) -> str | None:
    assert head.loss
    if head.loss.name == "cosine_similarity":
        return (
            "Cosine similarity as a loss is -1 at its best and 0 for directions that have nothing in common."
        )
    if head.loss.name == "poisson" and (floor := target.floors.get("poisson", 0.0)) < 0:
        return f"The Poisson loss of a perfect model is {floor:.4g} on these targets: below 0 is right."
    return None
