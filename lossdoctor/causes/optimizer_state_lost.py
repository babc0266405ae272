"""LD107: the optimizer was made anew between fits, and its state is gone."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    restarted = facts.get("optimizer-restarted")
    if restarted is None:
        return
    yield Sign(STRONG + FAIR, restarted.text)
    if facts.optimizer.kind not in ("SGD", "unknown"):
        yield Sign(
            FAIR,
            f"{facts.optimizer.kind} scales its steps by averages over earlier ones, which begin at zero again",
        )
    for name in ("loss-non-finite", "data-non-finite", "gradient-broken-at"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-STRONG, symptom.text)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Compile once, before the first fit; a resumed model brings its optimizer along when it is saved as .keras.",
        "model.compile(...)  # once\nfor part in parts:\n    model.fit(*part)",
    )


_RESTARTED = Symptom(
    "optimizer-restarted",
    5.0,
    "The optimizer was made anew before this fit, as before 4 others.",
    alarming=True,
)
_NAN = Symptom("data-non-finite", 3.0, "3 entries of the inputs are NaN.", alarming=True)
_BROKEN = Symptom("loss-non-finite", 1.0, "The loss became NaN.", alarming=True)

CAUSE = Cause(
    id="optimizer-state-lost",
    code="LD107",
    title="The optimizer's state was lost between fits",
    meaning="The model goes on from trained weights, but compile() or loading made its optimizer anew: momentum and averages "
    "start at zero, schedules start over, and each fit begins with steps that undo part of what was learned.",
    signs=signs,
    remedies=remedies,
    references=("Keras, saving and resuming training, https://keras.io/guides/serialization_and_saving/",),
    examples=(
        Example("compiled anew before each of several fits", seen(_RESTARTED)),
        Example(
            "NaN in the data, whatever became of the optimizer",
            seen(_RESTARTED, _NAN, _BROKEN),
            named=False,
        ),
    ),
)
