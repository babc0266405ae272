"""LD103: a setting of the optimizer makes no sense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lossdoctor.causes import compile_call
from lossdoctor.causes.cause import (
    CERTAIN,
    FAIR,
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


def nonsense(optimizer: Optimizer, float16: bool = False) -> Iterator[tuple[str, float, object, str]]:
    """Yields (setting, weight, what to set instead, why) for each setting that makes no sense."""
    c, rate = optimizer.config, optimizer.learning_rate
    if rate is not None and rate <= 0:
        yield "learning_rate", CERTAIN, 0.001, "a rate of 0 or less moves nothing, or climbs"
    momentum = c.get("momentum")
    if isinstance(momentum, (int, float)) and momentum >= 0.995:
        yield (
            "momentum",
            CERTAIN if momentum >= 1 else STRONG,
            0.9,
            "steps pile up without end"
            if momentum >= 1
            else f"steps add up to {1 / (1 - momentum):.0f} times the rate",
        )
    for name, top, usual in (("beta_1", 0.999, 0.9), ("beta_2", 0.999999, 0.999), ("rho", 0.99999, 0.9)):
        if isinstance(c.get(name), (int, float)) and c[name] > top:
            yield name, STRONG, usual, "the average never forgets its start"
    beta = c.get("beta_2")
    if (
        isinstance(beta, (int, float))
        and beta < 0.5
        and optimizer.kind in ("Adam", "AdamW", "Nadam", "Adamax")
    ):
        yield "beta_2", FAIR, 0.999, "the scale of the steps follows single batches"
    for name in ("clipnorm", "global_clipnorm", "clipvalue"):
        limit = c.get(name)
        if (
            isinstance(limit, (int, float))
            and not isinstance(limit, bool)
            and limit <= 1e-3
            and optimizer.kind == "SGD"
        ):
            yield name, CERTAIN, 1.0, "gradients are cut to next to nothing"
        elif isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit <= 1e-6:
            yield name, STRONG, 1.0, "gradients are cut to next to nothing"
    epsilon = c.get("epsilon")
    if isinstance(epsilon, (int, float)) and epsilon >= 0.05 and optimizer.kind not in ("SGD",):
        yield "epsilon", STRONG, 1e-7, "it outweighs the gradients' own scale, so the steps shrink"
    if float16 and isinstance(epsilon, (int, float)) and 0 < epsilon < 6e-8:
        yield "epsilon", FAIR, 1e-4, "it is 0 in float16, and the steps are divided by nothing"
    decay = c.get("weight_decay")
    if (
        isinstance(decay, (int, float))
        and not isinstance(decay, bool)
        and decay * max(rate or 0.0, 1e-6) > 1e-3
        and decay >= 0.2
    ):
        yield (
            "weight_decay",
            STRONG,
            0.004,
            "it pulls the weights to 0 faster than the gradients can move them",
        )
    schedule = optimizer.schedule_config
    power, every = schedule.get("decay_rate"), schedule.get("decay_steps")
    if isinstance(power, (int, float)) and isinstance(every, (int, float)) and every > 0:
        if optimizer.schedule == "ExponentialDecay" and 0 < power < 0.9 and every <= 20:
            yield (
                "learning_rate",
                STRONG,
                rate,
                f"ExponentialDecay multiplies the rate by {power} every {every} steps (steps are batches, not epochs)",
            )
        elif optimizer.schedule == "InverseTimeDecay" and power / every > 0.1:
            yield (
                "learning_rate",
                STRONG,
                rate,
                f"InverseTimeDecay divides the rate by {1 + 100 * power / every:.0f} within 100 steps (steps are batches, not epochs)",
            )


def signs(facts: Facts) -> Iterator[Sign]:
    found = list(nonsense(facts.optimizer, facts.setup.precision == "float16"))
    for name, weight, _, why in found:
        value = facts.optimizer.config.get(name, facts.optimizer.learning_rate)
        yield Sign(weight, f"{facts.optimizer.kind}({name}={value}): {why}")
    if found:
        yield from replayed(facts, "optimizer-misconfigured")
        yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    for name, _, usual, _ in nonsense(facts.optimizer, facts.setup.precision == "float16"):
        action = Action("optimizer_settings", {"arguments": {name: usual}})
        if name == "learning_rate":
            action = Action("learning_rate", {"value": usual})
        change: dict[str, Any] = {name: usual}
        yield Remedy(f"Set {name} to {usual}.", compile_call.optimizer(facts, **change), (action,))


_FELL = Symptom("loss-stuck-at-baseline", 1.0, "The loss ended where a constant answer is.", alarming=True)

CAUSE = Cause(
    id="optimizer-misconfigured",
    code="LD103",
    title="A setting of the optimizer makes no sense",
    meaning="Momentum of 1, clipping at next to 0, an epsilon that outweighs the gradients, a decay that ends in the first "
    "epoch: the optimizer does as told, and that cannot train.",
    signs=signs,
    remedies=remedies,
    references=("Keras, optimizers, https://keras.io/api/optimizers/",),
    examples=(
        Example(
            "momentum 1.0",
            seen(_FELL, setup=Setup(optimizer=Optimizer("SGD", 0.01, config={"momentum": 1.0}))),
        ),
        Example(
            "a large epsilon on a run that learned well",
            seen(
                Symptom("learned", 0.95, "The run learned 95 % of what a constant answer misses."),
                setup=Setup(optimizer=Optimizer("Adam", 0.01, config={"epsilon": 0.1})),
            ),
            named=False,
        ),
    ),
)
