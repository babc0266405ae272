"""LD102: the learning rate is too low."""

from __future__ import annotations

from collections.abc import Iterator

import lossdoctor.causes.compile_call as compile_call
from lossdoctor.causes.cause import (
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
from lossdoctor.causes.learning_rate_too_high import high
from lossdoctor.record import Optimizer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

LOW = {
    "SGD": 5e-4,
    "Adam": 3e-5,
    "AdamW": 3e-5,
    "Nadam": 3e-5,
    "RMSprop": 3e-5,
    "Adamax": 5e-5,
    "Adagrad": 1e-3,
    "Adadelta": 0.05,
    "Lion": 3e-6,
    "Ftrl": 1e-3,
}
SIGNS = {
    "weights-stood-still": STRONG,
    "updates-tiny": STRONG,
    "loss-still-falling": FAIR,
    "rate-far-below-limit": FAIR,
}
ELSEWHERE = {
    "labels-unrelated": FAIR, "gradients-zero": STRONG, "layer-gradients-zero": FAIR, "gradients-vanishing": STRONG, "loss-exploding": STRONG, "loss-blew-up": STRONG,
    "updates-huge": STRONG, "loss-rising": FAIR, "loss-non-finite": STRONG, "outputs-constant": SLIGHT, "kernel-constant": FAIR,
}  # fmt: skip


def signs(facts: Facts) -> Iterator[Sign]:
    for name, weight in SIGNS.items():
        if (symptom := facts.get(name)) is not None:
            yield Sign(weight, symptom.text)
    collapsed = facts.get("rate-collapsed")
    if collapsed is not None and not facts.get("gradients-zero"):
        yield Sign(2 * STRONG if facts.learned < 0.8 else FAIR, collapsed.text)
    mine = facts.optimizer
    momentum = mine.config.get("momentum") or 0.0
    rate = (mine.learning_rate or 0.0) / max(1.0 - momentum, 0.01)
    if mine.learning_rate is not None and mine.kind in LOW and rate < LOW[mine.kind]:
        yield Sign(
            STRONG if rate < LOW[mine.kind] / 10 else FAIR,
            f"{mine.kind} at {mine.learning_rate:.3g} is low whatever the problem",
        )
    elif high(facts) > 0.3 and collapsed is None:
        yield Sign(-STRONG, f"{mine.kind} at {mine.learning_rate:.3g} is no low rate")
    for name, weight in ELSEWHERE.items():
        if (symptom := facts.get(name)) is not None:
            yield Sign(-weight, symptom.text)
    if facts.learned > 0.8:
        yield Sign(-STRONG, f"{facts.learned:.0%} of what there was to gain was gained")
    yield from replayed(facts, "learning-rate-too-low")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    rate = facts.optimizer.learning_rate or 1e-4
    if facts.get("rate-collapsed") is not None:
        what = (
            f"{facts.optimizer.schedule} (its decay_steps count batches, not epochs)"
            if facts.optimizer.schedule
            else "the callback that lowers it"
        )
        yield Remedy(
            f"Let the rate fall later: it is lowered by {what}.",
            compile_call.optimizer_argument(facts, learning_rate=rate),
            (Action("learning_rate", {"value": rate}),),
        )
        return
    for factor in (10.0, 100.0, 1000.0) if facts.get("updates-tiny") else (10.0, 3.0, 100.0):
        change = Action("learning_rate", {"factor": factor})
        yield Remedy(
            f"Raise the learning rate to {compile_call.literal(rate * factor)}.",
            compile_call.optimizer_argument(facts, learning_rate=rate * factor),
            (change,),
        )


_STILL = (
    Symptom("weights-stood-still", 0.001, "The weights moved by 0.1 % of themselves."),
    Symptom("updates-tiny", 1e-6, "A step moves the weights by 1e-6 of themselves."),
)

CAUSE = Cause(
    id="learning-rate-too-low",
    code="LD102",
    title="Learning rate too low",
    meaning="The steps are so small that the weights hardly leave their start in the epochs given: the loss falls smoothly "
    "and slowly, or stands still, and is still falling at the end. A schedule that decays too early ends the same way.",
    signs=signs,
    remedies=remedies,
    references=(
        "Smith 2017, Cyclical learning rates, https://arxiv.org/abs/1506.01186",
        "Keras, learning rate schedules, https://keras.io/api/optimizers/learning_rate_schedules/",
    ),
    examples=(
        Example("Adam at 1e-6", seen(*_STILL, setup=Setup(optimizer=Optimizer("Adam", 1e-6)))),
        Example(
            "nothing moves as the gradients are exactly zero, at a usual rate",
            seen(
                *_STILL,
                Symptom("gradients-zero", 1.0, "The gradient is exactly 0."),
                Symptom("layer-gradients-zero", 1.0, "All 4 variables get a gradient of 0."),
                setup=Setup(optimizer=Optimizer("Adam", 1e-3)),
            ),
            named=False,
        ),
    ),
)
