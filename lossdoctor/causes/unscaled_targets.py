"""LD302: the targets of a regression are not scaled."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import (
    CERTAIN,
    FAIR,
    SLIGHT,
    STRONG,
    Cause,
    Example,
    Facts,
    Sign,
    doing_well,
    replayed,
    seen,
)
from lossdoctor.causes.too_few_epochs import updates
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

ADAPTIVE = {"Adam", "AdamW", "Nadam", "RMSprop", "Adamax", "Lion", "Adagrad", "Adadelta"}


def signs(facts: Facts) -> Iterator[Sign]:
    beyond = facts.get("targets-out-of-reach")
    if beyond is not None and _far_beyond(beyond):
        yield Sign(STRONG + FAIR, beyond.text)
        yield from replayed(facts, "unscaled-targets")
        return
    targets = facts.get("targets-unscaled")
    if targets is None:
        return
    yield Sign(STRONG if targets.value > 50 else FAIR, targets.text)
    rate, steps = facts.optimizer.learning_rate or 0.0, updates(facts)
    if facts.optimizer.kind in ADAPTIVE and steps and targets.value > 100 * max(rate * steps, 1e-9):
        # These optimizers move a weight by about the rate a step.
        yield Sign(
            STRONG,
            f"{steps} steps of {rate:.3g} can move a weight by about {rate * steps:.3g}, far from targets of size {targets.value:.3g}",
        )
    elif (
        facts.optimizer.kind == "SGD"
        and (bad := facts.get("loss-exploding") or facts.get("loss-non-finite") or facts.get("loss-blew-up"))
        is not None
    ):
        yield Sign(FAIR, f"SGD's steps grow with the targets: {bad.text}")
    if (above := facts.get("loss-above-baseline") or facts.get("loss-stuck-at-baseline")) is not None:
        yield Sign(FAIR, above.text)
    for name, weight in {
        "data-non-finite": CERTAIN,
        "features-unscaled": SLIGHT,
        "targets-outlier": SLIGHT,
    }.items():
        if (symptom := facts.get(name)) is not None:
            yield Sign(-weight, symptom.text)
    yield from replayed(facts, "unscaled-targets")
    yield from doing_well(facts)


def _far_beyond(beyond: Symptom) -> bool:
    """Returns whether the targets are on another scale than a bounded output, and not just coded otherwise."""
    low, high = beyond.details.get("low"), beyond.details.get("high")
    return (
        low is not None and high is not None and beyond.details["target_high"] > 4 * max(abs(low), abs(high))
    )


def remedies(facts: Facts) -> Iterator[Remedy]:
    if (beyond := facts.get("targets-out-of-reach")) is not None and _far_beyond(beyond):
        top = beyond.details["target_high"]
        yield Remedy("Bring the targets into the range of the output.", f"y = y / {top:.4g}")
        return
    targets = facts.get("targets-unscaled")
    std, mean = (targets.details.get("std", 1.0), targets.details.get("mean", 0.0)) if targets else (1.0, 0.0)
    std = std or 1.0
    yield Remedy(
        "Put the output back on the targets' scale behind the last layer (or scale the targets themselves).",
        f"layers.Rescaling(scale={std:.4g}, offset={mean:.4g})  # as the last layer",
        (Action("rescale_output", {"scale": std, "offset": mean, "output": 0}),),
    )
    yield Remedy("Scale the targets before training.", "y = (y - y.mean()) / y.std()")


_LARGE = (
    Symptom("targets-unscaled", 3e6, "Targets go from 1e5 to 9e6.", details={"std": 1e6, "mean": 3e6}),
    Symptom(
        "loss-above-baseline", 9.0, "The loss ended at 9 times what a constant answer has.", alarming=True
    ),
)

CAUSE = Cause(
    id="unscaled-targets",
    code="LD302",
    title="Unscaled targets",
    meaning="Targets are far from the size of numbers that an untrained net puts out. SGD's gradients grow with them and "
    "explode; Adam and RMSprop move each weight by about the rate a step and do not get there in the steps given.",
    signs=signs,
    remedies=remedies,
    references=("Kingma and Ba 2015, Adam, section 2.1, https://arxiv.org/abs/1412.6980",),
    examples=(
        Example("prices in the millions", seen(*_LARGE)),
        Example(
            "large targets, but the run learned",
            seen(
                _LARGE[0], Symptom("learned", 0.9, "The run learned 90 % of what a constant answer misses.")
            ),
            named=False,
        ),
    ),
    consequences=("exploding-gradients", "learning-rate-too-low", "learning-rate-too-high", "too-few-epochs"),
)
