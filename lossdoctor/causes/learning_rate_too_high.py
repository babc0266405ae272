"""LD101: the learning rate is too high."""

from __future__ import annotations

from collections.abc import Iterator

import lossdoctor.causes.compile_call as compile_call
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
from lossdoctor.record import Optimizer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

# Rates that are high whatever the problem: ten times and more what the Keras documentation sets as default.
HIGH = {
    "SGD": 0.3,
    "Adam": 0.02,
    "AdamW": 0.02,
    "Nadam": 0.02,
    "RMSprop": 0.02,
    "Adamax": 0.05,
    "Lion": 0.003,
    "Adagrad": 0.3,
    "Ftrl": 0.5,
}
FITTED = 0.9  # share of the gain that there was to make
SIGNS = {
    "loss-exploding": STRONG, "loss-wild": STRONG + FAIR, "loss-rising": FAIR, "loss-oscillating": FAIR, "loss-blew-up": FAIR, "updates-huge": STRONG,
    "gradients-exploding": FAIR, "loss-non-finite": FAIR, "units-dead": SLIGHT, "units-saturated-late": SLIGHT,
    "loss-above-baseline": SLIGHT,
}  # fmt: skip
ELSEWHERE = {
    "data-non-finite": CERTAIN, "kernel-large": STRONG, "inputs-outlier": FAIR, "targets-unscaled": FAIR, "loss-start-high": FAIR,
    "features-unscaled": FAIR, "features-offset": SLIGHT, "updates-tiny": STRONG, "loss-below-zero": STRONG, "gradients-growing-by-layer": FAIR,
}  # fmt: skip


def high(facts: Facts) -> float:
    """Returns the rate over what is high for this optimizer; momentum b makes steps 1 / (1 - b) as long."""
    mine = facts.optimizer
    rate = mine.learning_rate or 0.0
    momentum = mine.config.get("momentum") or 0.0
    effective = rate / max(1.0 - momentum, 1e-3) if mine.kind == "SGD" and momentum < 1 else rate
    return effective / HIGH.get(mine.kind, 1e9)


def signs(facts: Facts) -> Iterator[Sign]:
    if facts.broken_at_once is not None:
        yield Sign(-CERTAIN, f"no step had been taken yet: {facts.broken_at_once.text}")
    if (limit := facts.get("rate-above-limit")) is not None:
        yield Sign(STRONG if limit.value > 2 else FAIR, limit.text)
    elif facts.experiments.get("stability", {}).get("limit"):
        yield Sign(
            -FAIR,
            f"the rate is below the limit of stability at the start, {facts.experiments['stability']['limit']:.2g}",
        )
    for name, weight in SIGNS.items():
        if (symptom := facts.get(name)) is not None:
            yield Sign(weight, symptom.text)
    if (factor := high(facts)) >= 1:
        yield Sign(
            STRONG if factor > 3 else FAIR,
            f"{facts.optimizer.kind} at {facts.optimizer.learning_rate:.3g} is high whatever the problem",
        )
    elif factor < 0.02 and factor > 0:
        yield Sign(-FAIR, f"{facts.optimizer.kind} at {facts.optimizer.learning_rate:.3g} is a low rate")
    for name, weight in ELSEWHERE.items():
        if (symptom := facts.get(name)) is not None:
            yield Sign(-weight, symptom.text)
    yield from replayed(facts, "learning-rate-too-high")
    yield from doing_well(facts)
    if facts.learned > FITTED and _only_validation(facts):
        # Whatever slows down a run that overfits makes it better on held-out rows.
        yield Sign(
            -STRONG - FAIR, f"the training rows were learned to {facts.learned:.0%}, only validation is bad"
        )


def _only_validation(facts: Facts) -> bool:
    return bool(facts.alarms) and all(s.name.startswith("validation-") for s in facts.alarms)


def remedies(facts: Facts) -> Iterator[Remedy]:
    rate = facts.optimizer.learning_rate or 0.01
    limit = facts.experiments.get("stability", {}).get("limit")
    targets = [compile_call.round_down(min(limit / 3, rate / 3))] if limit else []
    targets += [rate / 10, rate / 100] if high(facts) < 30 else [rate / 100, rate / 1000]
    for value in {compile_call.literal(v): v for v in targets}.values():  # one for each rate as it is printed
        action = Action(
            "learning_rate", {"value": value} if not facts.optimizer.schedule else {"factor": value / rate}
        )
        yield Remedy(
            f"Lower the learning rate to {compile_call.literal(value)}.",
            compile_call.optimizer_argument(facts, learning_rate=value),
            (action,),
        )
    yield Remedy(
        "Clip the gradients' global norm at 1.",
        compile_call.optimizer_argument(facts, global_clipnorm=1.0),
        (Action("clip", {"global_clipnorm": 1.0}),),
    )


_HOT = Setup(optimizer=Optimizer("SGD", 1.0))
_ROSE = (
    Symptom("loss-exploding", 1e6, "The loss grew from 4.1 to 3.2e+06."),
    Symptom("updates-huge", 2.0, "Step 3 moved the weights by 200 %."),
)

CAUSE = Cause(
    id="learning-rate-too-high",
    code="LD101",
    title="Learning rate too high",
    meaning="Each step overshoots the valley it aims for, the next gradient is larger, and the loss climbs, jumps "
    "about, or ends in NaN; or one huge early step kills the units and the loss stands still at a trivial level.",
    signs=signs,
    remedies=remedies,
    references=(
        "Cohen et al. 2021, Gradient descent on neural networks typically occurs at the edge of stability, https://arxiv.org/abs/2103.00065",
        "Keras, Adam, https://keras.io/api/optimizers/adam/",
    ),
    examples=(
        Example("SGD at rate 1.0, the loss explodes", seen(*_ROSE, setup=_HOT)),
        Example(
            "the same, but the loss was NaN before the first update",
            seen(
                *_ROSE,
                Symptom("loss-non-finite", 0, "The loss became NaN at step 1, the very first.", 0),
                setup=_HOT,
            ),
            named=False,
        ),
        Example(
            "above the limit, but only validation went wrong",
            seen(
                Symptom("rate-above-limit", 2.9, "The limit is 0.00035, this run used 0.001."),
                Symptom("loss-oscillating", 0.3, "From epoch to epoch the loss changes by 37%."),
                Symptom("learned", 0.97, "The loss fell from 1.6 to 0.03."),
                Symptom("validation-rising", 1.4, "The validation loss rose.", alarming=True),
            ),
            named=False,
        ),
        Example(
            "the same curve, but the data holds NaN",
            seen(*_ROSE, Symptom("data-non-finite", 3, "3 input values are NaN."), setup=_HOT),
            named=False,
        ),
    ),
    consequences=("exploding-gradients", "dying-relu", "saturated-activations"),
)
