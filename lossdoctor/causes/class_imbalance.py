"""LD306: one class has nearly all rows."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.base import FAIR, STRONG, Cause, Example, Facts, Sign, doing_well, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    share = facts.get("classes-imbalanced")
    if share is None:
        return
    yield Sign(STRONG if share.value >= 0.9 else FAIR, share.text)
    chance, one = facts.get("accuracy-at-chance"), facts.get("one-class-predicted")
    if one is not None or (chance is not None and chance.value > -0.05):
        yield Sign(STRONG, (one or chance or share).text)
    elif facts.learned > 0.3:
        yield Sign(-STRONG, "the rare class was learned")
    for name in (
        "loss-exploding",
        "loss-non-finite",
        "features-unscaled",
        "gradients-zero",
        "loss-above-baseline",
        "units-dead",
        "weights-stood-still",
    ):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)
    if facts.data.weighted:
        yield Sign(-STRONG, "the rows are weighted already")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    counts = facts.data.targets[0].counts if facts.data.targets else {}
    total = sum(counts.values())
    weights = ", ".join(f"{k}: {total / (len(counts) * n):.2g}" for k, n in list(counts.items())[:10] if n)
    yield Remedy("Weigh the classes by their rarity.", f"model.fit(..., class_weight={{{weights}}})")


_RARE = (
    Symptom("classes-imbalanced", 0.95, "95 % of the rows belong to class 0."),
    Symptom("accuracy-at-chance", 0.0, "Accuracy is 0.95; always naming the largest class gives 0.95."),
)

CAUSE = Cause(
    id="class-imbalance",
    code="LD306",
    title="Class imbalance",
    meaning="One class has nearly all rows, and always naming it is so cheap that the model does just that: high accuracy, and "
    "the rare class is never found.",
    signs=signs,
    remedies=remedies,
    references=(
        "Keras, imbalanced classification, https://keras.io/examples/structured_data/imbalanced_classification/",
    ),
    examples=(
        Example(
            "95 to 5, and only the larger class is ever named",
            seen(
                *_RARE,
                Symptom(
                    "loss-stuck-at-baseline",
                    1.0,
                    "The loss ended at 2.31, where a constant answer ends.",
                    alarming=True,
                ),
            ),
        ),
        Example(
            "95 to 5, and the rare class was learned",
            seen(_RARE[0], Symptom("learned", 0.8, "The run learned 80 % of what a constant answer misses.")),
            named=False,
        ),
    ),
    severity="warning",
)
