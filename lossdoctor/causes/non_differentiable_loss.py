"""LD405: no gradient of the loss reaches the outputs."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import CERTAIN, FAIR, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    without, cut = facts.get("loss-without-gradient"), facts.get("gradient-cut")
    if without is not None:
        yield Sign(CERTAIN if without.value >= 1.0 else 2 * STRONG, without.text)
    if cut is not None:
        yield Sign(STRONG + FAIR, cut.text)
    if without is None and cut is None:
        return
    for name in ("data-non-finite", "loss-non-finite"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-STRONG, symptom.text)
    if facts.learned > 0.5 and not facts.alarms:
        yield Sign(-2 * STRONG, f"the run learned {facts.learned:.0%} of what a constant answer misses")


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Take argmax, round, comparisons and casts to whole numbers out of the loss; use the scores themselves (soft counts).",
        "hit = y * p  # not y * ops.round(p)",
    )


_ZERO = Symptom("gradients-zero", 1.0, "All gradients are zero.", alarming=True)

CAUSE = Cause(
    id="non-differentiable-loss",
    code="LD405",
    title="The loss has no gradient",
    meaning="A step function (argmax, round, a threshold, a cast to whole numbers, stop_gradient) stands between the outputs "
    "and the loss: it has a value but no slope, so nothing is learned.",
    signs=signs,
    remedies=remedies,
    references=("Keras, custom losses, https://keras.io/api/losses/#creating-custom-losses",),
    examples=(
        Example(
            "a loss of rounded outputs",
            seen(
                Symptom(
                    "loss-without-gradient",
                    1.0,
                    "The loss of 100% of the rows has no gradient in the output.",
                    alarming=True,
                ),
                _ZERO,
            ),
        ),
        Example("a net whose units died", seen(_ZERO), named=False),
    ),
    consequences=(
        "vanishing-gradients",
        "frozen-layers",
        "dying-relu",
        "learning-rate-too-low",
        "bad-initialization",
    ),
)
