"""LD501: the numbers' format or a formula breaks down."""

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
from lossdoctor.record import Optimizer, Output, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

# What leads to numbers beyond all range by itself, whatever the formula.
GREW = ("gradients-exploding", "loss-exploding", "loss-blew-up", "loss-start-high")
# What keeps an operation away from the point at which its gradient is not finite: sentence and code.
MENDS = {
    "sqrt": ("Put a small number inside of the root, whose slope is infinite at 0.", "ops.sqrt(ops.maximum(v, 1e-7))"),
    "norm": ("Take the norm with a small number inside: that of a zero vector has no slope.", "ops.sqrt(ops.sum(ops.square(v), -1) + 1e-7)"),
    "log": ("Keep the logarithm away from 0.", "ops.log(ops.maximum(v, 1e-7))"),
    "power": ("Keep the base of the power away from 0, where a power below one has an infinite slope.", "ops.maximum(v, 1e-7) ** p"),
    "divide": ("Keep the divisor away from 0.", "a / ops.maximum(b, 1e-7)"),
    "where": ("Replace the bad values before they are used, not after: the branch that is not taken has a gradient too.", "safe = ops.where(ok, v, 1.0)\nops.where(ok, f(safe), 0.0)"),
}  # fmt: skip
VANISHED = 1e-3  # share of the first loss; where logarithms and roots have their edge


def signs(facts: Facts) -> Iterator[Sign]:
    setup = facts.setup
    bad = facts.get("loss-non-finite") or facts.get("gradient-non-finite") or facts.get("weights-non-finite")
    if setup.precision == "float16":
        yield Sign(
            2 * STRONG,
            "weights and optimizer state are float16, which holds nothing above 65504 and loses what is below 6e-8",
        )
    if (skipped := facts.get("steps-skipped")) is not None and skipped.value > 0.2:
        yield Sign(STRONG + FAIR, skipped.text)
    if bad is not None:
        yield from _broke_down(facts, bad)
    elif bad is None and setup.precision != "float16" and skipped is None:
        return
    for name, weight in {
        "data-non-finite": CERTAIN,
        "loss-exploding": FAIR,
        "rate-above-limit": FAIR,
        "updates-huge": SLIGHT,
    }.items():
        if (symptom := facts.get(name)) is not None and setup.precision != "float16":
            yield Sign(-weight, symptom.text)
    yield from replayed(facts, "numerical-instability")
    yield from doing_well(facts)


def _broke_down(facts: Facts, bad: Symptom) -> Iterator[Sign]:
    """Yields what speaks for a formula at its edge rather than for a run that grew beyond all numbers."""
    before = bad.details.get("before")
    if before is not None and abs(before) < VANISHED:
        yield Sign(STRONG, f"the loss had come down to nearly 0: no step was too large. {bad.text}")
    elif facts.broken_at_once is None and any(facts.get(name) for name in GREW):
        return
    else:
        yield Sign(FAIR, f"it came at once, from usual values: {bad.text}")
    if (facts.output.loss or "").startswith("custom:") or facts.setup.custom_train_step:
        yield Sign(
            STRONG,
            f"the loss {facts.output.loss or 'of train_step'} is self-written: log(0), sqrt(0), a division by 0 or exp of a large number",
        )
    if (broken := facts.get("gradient-broken-at")) is not None:
        yield Sign(CERTAIN if broken.value >= 1.0 else STRONG, broken.text)
    if (where := facts.experiments.get("first_nonfinite")) and where.get("what") in (
        "layer",
        "loss",
        "gradient",
    ):
        own = where["what"] == "layer"  # a formula inside the model, on rows that are finite
        yield Sign(STRONG + FAIR if own else FAIR, where.get("text", ""))


def remedies(facts: Facts) -> Iterator[Remedy]:
    if facts.setup.precision == "float16":
        yield Remedy(
            "Use mixed precision, which keeps the weights in float32.",
            'keras.config.set_dtype_policy("mixed_float16")',
            (Action("precision", {"policy": "float32"}),),
        )
        return
    if (broken := facts.get("gradient-broken-at")) is not None and broken.details.get("operation") in MENDS:
        yield Remedy(*MENDS[broken.details["operation"]])
        return
    yield Remedy(
        "Keep logarithms, roots, divisions and exponentials away from the edge of their range.",
        "ops.log(ops.maximum(p, 1e-7)); ops.sqrt(v + 1e-12); ops.exp(ops.clip(v, -30, 30))",
    )
    yield Remedy(
        "Clip the gradients' norm.",
        "optimizer=keras.optimizers.Adam(..., global_clipnorm=1.0)",
        (Action("clip", {"global_clipnorm": 1.0}),),
    )


_NAN = Symptom(
    "loss-non-finite", 40, "The loss became NaN at step 41; it was 0.3 one step earlier.", alarming=True
)
_FIRST = Symptom(
    "loss-non-finite", 0, "The loss became NaN at epoch 1, step 1, the very first.", 0, alarming=True
)
_OWN = Setup(outputs=(Output("out", loss="custom:my_loss"),), optimizer=Optimizer("Adam", 0.001))

CAUSE = Cause(
    id="numerical-instability",
    code="LD501",
    title="Numerical instability",
    meaning="A formula leaves the range of its numbers (log of 0, root of 0 in the gradient, exp of a large number), or the "
    "format is too small for them (float16 without loss scaling): from good values to NaN in one step.",
    signs=signs,
    remedies=remedies,
    references=(
        "Micikevicius et al. 2018, Mixed precision training, https://arxiv.org/abs/1710.03740",
        "Keras, mixed precision, https://keras.io/api/mixed_precision/",
    ),
    examples=(
        Example("a self-written loss that becomes NaN from good values", seen(_NAN, setup=_OWN)),
        Example(
            "a self-written loss that is NaN on the very first batch, with large gradients",
            seen(
                _FIRST, Symptom("gradients-exploding", 3e3, "The gradient norm grew 3000-fold."), setup=_OWN
            ),
        ),
        Example(
            "the same, but the batch holds NaN",
            seen(_NAN, Symptom("data-non-finite", 1, "1 value is NaN."), setup=_OWN),
            named=False,
        ),
    ),
)
