"""LD309: too few rows for the model."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom

FEW = 100  # rows; with fewer, one row is a percent


def signs(facts: Facts) -> Iterator[Sign]:
    few, rising = facts.get("rows-few"), facts.get("validation-rising")
    learned_by_heart = facts.get("rows-memorised")
    gap = (
        rising or learned_by_heart or facts.get("validation-at-chance") or facts.get("validation-far-behind")
    )
    if few is None or gap is None:
        return
    yield Sign(STRONG if few.value < FEW else FAIR if few.value < 3 * FEW else SLIGHT, few.text)
    yield Sign(FAIR if few.value < 3 * FEW else SLIGHT, gap.text)
    for name in (
        "validation-inputs-differ",
        "validation-labels-differ",
        "loss-exploding",
        "loss-non-finite",
        "labels-unrelated",
    ):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-STRONG, symptom.text)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy("Get more rows, augment those you have, or use a far smaller model.")


_FEW = Symptom(
    "rows-few", 40, "An epoch has 40 rows; the model has 9000 parameters.", details={"parameters": 9000}
)

CAUSE = Cause(
    id="too-little-data",
    code="LD309",
    title="Too little data",
    meaning="So few rows stand against so many weights that the model knows them by heart within some epochs and tells nothing "
    "of others.",
    signs=signs,
    remedies=remedies,
    references=("Goodfellow et al. 2016, Deep Learning, section 11.3, https://www.deeplearningbook.org",),
    examples=(
        Example(
            "forty rows, and validation turned",
            seen(
                _FEW,
                Symptom(
                    "validation-rising", 3.0, "The validation loss rose to 3 times its lowest.", alarming=True
                ),
            ),
        ),
        Example("forty rows, and a small model does its work", seen(_FEW), named=False),
    ),
    severity="warning",
)
