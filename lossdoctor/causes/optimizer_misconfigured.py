"""LD103: a setting of the optimizer makes no sense."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import lossdoctor.causes.compile_call as compile_call
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

Misuse = tuple[str, float, object, str]  # setting, weight, what to set instead, why


def nonsense(optimizer: Optimizer, float16: bool = False) -> Iterator[Misuse]:
    """Yields (setting, weight, what to set instead, why) for each setting that makes no sense."""
    rate = optimizer.learning_rate
    if rate is not None and rate <= 0 and optimizer.schedule is None:
        yield "learning_rate", CERTAIN, 0.001, "a rate of 0 or less moves nothing, or climbs"
    yield from _averages(optimizer)
    yield from _clipping(optimizer)
    yield from _epsilon(optimizer, float16)
    yield from _weight_decay(optimizer)
    yield from _schedule(optimizer)


def _number(value: Any) -> float | None:
    """Returns a setting that is a number, None for any other (True is none)."""
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


def _averages(optimizer: Optimizer) -> Iterator[Misuse]:
    """Momentum and the decays of running averages, which forget too slowly or at once."""
    momentum = _number(optimizer.config.get("momentum"))
    if momentum is not None and momentum >= 1:
        yield "momentum", CERTAIN, 0.9, "steps pile up without end"
    elif momentum is not None and momentum >= 0.995:
        yield "momentum", STRONG, 0.9, f"steps add up to {1 / (1 - momentum):.0f} times the rate"
    for name, top, usual in (("beta_1", 0.999, 0.9), ("beta_2", 0.999999, 0.999), ("rho", 0.99999, 0.9)):
        decay = _number(optimizer.config.get(name))
        if decay is not None and decay > top:
            yield name, STRONG, usual, "the average never forgets its start"
    beta = _number(optimizer.config.get("beta_2"))
    if beta is not None and beta < 0.5 and optimizer.kind in ("Adam", "AdamW", "Nadam", "Adamax"):
        yield "beta_2", FAIR, 0.999, "the scale of the steps follows single batches"


def _clipping(optimizer: Optimizer) -> Iterator[Misuse]:
    for name in ("clipnorm", "global_clipnorm", "clipvalue"):
        limit = _number(optimizer.config.get(name))
        if limit is None:
            continue
        if limit <= 1e-3 and optimizer.kind == "SGD":
            yield name, CERTAIN, 1.0, "gradients are cut to next to nothing"
        elif limit <= 1e-6:
            yield name, STRONG, 1.0, "gradients are cut to next to nothing"


def _epsilon(optimizer: Optimizer, float16: bool) -> Iterator[Misuse]:
    epsilon = _number(optimizer.config.get("epsilon"))
    if epsilon is not None and epsilon >= 0.05 and optimizer.kind != "SGD":
        yield "epsilon", STRONG, 1e-7, "it outweighs the gradients' own scale, so the steps shrink"
    if float16 and epsilon is not None and 0 < epsilon < 6e-8:
        yield "epsilon", FAIR, 1e-4, "it is 0 in float16, and the steps are divided by nothing"


def _weight_decay(optimizer: Optimizer) -> Iterator[Misuse]:
    decay, rate = _number(optimizer.config.get("weight_decay")), optimizer.learning_rate or 0.0
    if decay is not None and decay * max(rate, 1e-6) > 1e-3 and decay >= 0.2:
        why = "it pulls the weights to 0 faster than the gradients can move them"
        yield "weight_decay", STRONG, 0.004, why


def _schedule(optimizer: Optimizer) -> Iterator[Misuse]:
    schedule, rate = optimizer.schedule_config, optimizer.learning_rate
    power, every = _number(schedule.get("decay_rate")), _number(schedule.get("decay_steps"))
    if power is None or every is None or every <= 0:
        return
    why = ""
    if optimizer.schedule == "ExponentialDecay" and 0 < power < 0.9 and every <= 20:
        why = f"ExponentialDecay multiplies the rate by {power} every {every} steps"
    elif optimizer.schedule == "InverseTimeDecay" and power / every > 0.1:
        why = f"InverseTimeDecay divides the rate by {1 + 100 * power / every:.0f} within 100 steps"
    if why:
        yield "learning_rate", STRONG, rate, f"{why} (steps are batches, not epochs)"


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
        yield Remedy(f"Set {name} to {usual}.", compile_call.optimizer_argument(facts, **change), (action,))


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
