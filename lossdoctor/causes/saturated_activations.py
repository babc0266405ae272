"""LD205: hidden tanh or sigmoid units sit in their flat part."""

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
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    early, late = facts.get("units-saturated"), facts.get("units-saturated-late")
    if early is not None:
        yield Sign(STRONG + FAIR, early.text)
    if late is not None:
        yield Sign(FAIR, late.text)
    if early is None and late is None:
        return
    if (stuck := facts.get("loss-stuck-at-baseline") or facts.get("loss-plateau")) is not None:
        yield Sign(SLIGHT, stuck.text)
    if (bad := facts.get("data-non-finite")) is not None:
        yield Sign(-STRONG, bad.text)
    yield from replayed(facts, "saturated-activations")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Put BatchNormalization behind the hidden layers.",
        "layers.BatchNormalization()",
        (Action("batch_normalization", {}),),
    )
    yield Remedy(
        "Use ReLU with he_normal in the hidden layers.",
        'layers.Dense(..., activation="relu", kernel_initializer="he_normal")',
        (Action("hidden_activation", {"name": "relu", "layers": None}),),
    )


_FLAT = Symptom(
    "units-saturated", 0.9, "90 % of the tanh outputs of dense are saturated before the first step."
)
_STUCK = Symptom(
    "loss-stuck-at-baseline",
    1.0,
    "The loss ended at 2.303, which is what always giving the same answer costs.",
    alarming=True,
)

CAUSE = Cause(
    id="saturated-activations",
    code="LD205",
    title="Saturated activations",
    meaning="Hidden tanh or sigmoid units get inputs so large that they sit where the function is flat: all rows look alike "
    "to the next layer and almost no gradient comes back. Unscaled inputs or large weights put them there.",
    signs=signs,
    remedies=remedies,
    references=("Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html",),
    examples=(
        Example("tanh units saturated at the start, and nothing was learned", seen(_FLAT, _STUCK)),
        Example(
            "saturated, but the run learned",
            seen(_FLAT, Symptom("learned", 0.93, "The run learned 93 % of what a constant answer misses.")),
            named=False,
        ),
    ),
)
