"""LD311: sample weights that hide rows or turn the loss around."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    lost = facts.get("classes-weightless")
    if lost is None:
        return
    yield Sign(2 * STRONG, lost.text)
    if (guess := facts.get("validation-at-chance") or facts.get("one-class-predicted")) is not None:
        yield Sign(FAIR, guess.text)
    for name in ("loss-non-finite", "data-non-finite"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-STRONG, symptom.text)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Compute the weights in floating point, and check them by class.",
        "weights = len(y) / (classes * np.bincount(y))  # not //, which rounds to 0\nsample_weight = weights[y]",
    )


_RARE = Symptom("classes-imbalanced", 0.95, "One class has 95 %.")

CAUSE = Cause(
    id="sample-weights-ill-suited",
    code="LD311",
    title="Sample weights leave rows out",
    meaning="sample_weight or class_weight is zero for rows that matter (a division that rounded down, a missing class), so the "
    "loss falls while nothing is learned of them.",
    signs=signs,
    remedies=remedies,
    references=(
        "Keras, sample and class weighting, https://keras.io/guides/training_with_built_in_methods/",
    ),
    examples=(
        Example(
            "whole classes with the weight 0",
            seen(
                Symptom(
                    "classes-weightless",
                    0.6,
                    "The rows of the classes 0, 3 have the weight 0.",
                    alarming=True,
                ),
                _RARE,
            ),
        ),
        Example("rare classes that are not found", seen(_RARE), named=False),
    ),
    consequences=("class-imbalance", "misaligned-labels", "overfitting", "inconsistent-preprocessing"),
)
