"""LD305: single rows or batches lie far outside the rest."""

from __future__ import annotations

from collections.abc import Iterator

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
from lossdoctor.record import Output, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

NEARLY_ALL = 0.99  # of the targets' variance: what a squared error fits then is those rows


def signs(facts: Facts) -> Iterator[Sign]:
    x, y = facts.get("inputs-outlier"), facts.get("targets-outlier")
    if x is not None:
        yield Sign(STRONG + FAIR if x.details.get("batch") else STRONG, x.text)
    if y is not None:
        yield Sign(STRONG, y.text)
        if y.details.get("share", 0.0) > NEARLY_ALL and "squared" in (facts.output.loss or ""):
            yield Sign(STRONG, f"such values make up {y.details['share']:.1%} of the targets' variance")
    if x is y is None:
        return
    if (spike := facts.get("loss-spike")) is not None:
        yield Sign(STRONG, spike.text)
    elif (
        bad := facts.get("loss-exploding")
        or facts.get("loss-above-baseline")
        or facts.get("loss-oscillating")
        or facts.get("loss-blew-up")
    ) is not None:
        yield Sign(SLIGHT, bad.text)
    if (better := facts.get("validation-better")) is not None:
        yield Sign(STRONG, f"rows without them are told better: {better.text}")
    if (bad := facts.get("data-non-finite")) is not None:
        yield Sign(-STRONG, bad.text)
    yield from replayed(facts, "outliers")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    if facts.get("targets-outlier") is not None and (facts.output.loss or "").startswith("mean_squared"):
        yield Remedy(
            "Use a loss that a few rows cannot dominate.",
            "loss=keras.losses.Huber()",
            (Action("loss", {"name": "huber", "output": 0}),),
        )
    yield Remedy(
        "Find the rows named and correct, clip or drop them.",
        "x = np.clip(x, *np.percentile(x, [0.5, 99.5], axis=0))",
    )
    yield Remedy(
        "Clip the gradients' norm, so that one row cannot throw the weights away.",
        "optimizer=keras.optimizers.Adam(..., global_clipnorm=1.0)",
        (Action("clip", {"global_clipnorm": 1.0}),),
    )


_JUMP = (
    Symptom(
        "inputs-outlier", 4000.0, "The inputs of step 150 are 4000 times as large.", details={"batch": True}
    ),
    Symptom("loss-spike", 30.0, "The loss leapt at step 150.", alarming=True),
)
_SQUARES = Setup(outputs=(Output("out", loss="mean_squared_error"),))
_FAR = Symptom(
    "targets-outlier", 1160.0, "One target lies 1160 robust deviations off.", details={"share": 0.9999}
)
_NOT_ALL = Symptom(
    "targets-outlier", 60.0, "One target lies 60 robust deviations off.", details={"share": 0.8}
)

CAUSE = Cause(
    id="outliers",
    code="LD305",
    title="Outliers",
    meaning="A few rows, or one batch, lie far outside the rest. Their squared errors and gradients outweigh all others: the "
    "loss leaps when they come, and the fit bends towards them.",
    signs=signs,
    remedies=remedies,
    references=(
        "Huber 1964, Robust estimation of a location parameter, https://doi.org/10.1214/aoms/1177703732",
    ),
    examples=(
        Example("one batch with another unit", seen(*_JUMP)),
        Example("a few prices a thousand too high, under squares", seen(_FAR, setup=_SQUARES)),
        Example(
            "far values that are a part of the variance only",
            seen(_NOT_ALL, setup=_SQUARES),
            named=False,
        ),
        Example(
            "a far value in a run that learned",
            seen(
                Symptom("inputs-outlier", 80.0, "An input lies 80 robust deviations off."),
                Symptom("learned", 0.9, "The run learned 90 % of what a constant answer misses."),
            ),
            named=False,
        ),
    ),
)
