"""LD306: one class has nearly all rows."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, STRONG, Cause, Example, Facts, Sign, doing_well, seen
from lossdoctor.record import Data, Target
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
    if (missed := facts.get("rare-class-missed")) is not None:
        yield Sign(STRONG, missed.text)
    if (missed_mask := facts.get("mask-missed")) is not None:
        yield Sign(FAIR, missed_mask.text)
    if (unrelated := facts.get("pairs-unrelated")) is not None:
        yield Sign(-STRONG - FAIR, unrelated.text)
    yield from _weights(facts)
    yield from doing_well(facts)


def _weights(facts: Facts) -> Iterator[Sign]:
    """Yields what the rows' weights do: they may even out the classes, or make it worse."""
    counts, weights = facts.data.targets[0].counts if facts.data.targets else {}, facts.data.class_weights
    if not facts.data.weighted:
        return
    rare, common = (
        min(counts, key=counts.__getitem__, default=""),
        max(counts, key=counts.__getitem__, default=""),
    )
    if rare in weights and common in weights and weights[rare] < weights[common]:
        text = f"the rare class {rare} has weight {weights[rare]:.3g} and class {common} has {weights[common]:.3g}"
        yield Sign(STRONG, f"{text}: the wrong way round")
    else:
        yield Sign(-STRONG, "the rows are weighted already")


def remedies(facts: Facts) -> Iterator[Remedy]:
    counts = facts.data.targets[0].counts if facts.data.targets else {}
    total = sum(counts.values())
    weights = ", ".join(f"{k}: {total / (len(counts) * n):.2g}" for k, n in list(counts.items())[:10] if n)
    yield Remedy("Weigh the classes by their rarity.", f"model.fit(..., class_weight={{{weights}}})")


_RARE = (
    Symptom("classes-imbalanced", 0.95, "95 % of the rows belong to class 0."),
    Symptom("accuracy-at-chance", 0.0, "Accuracy is 0.95; always naming the largest class gives 0.95."),
)
_NEVER = Symptom("rare-class-missed", 0.0, "recall ended at 0: the same class for all rows.", alarming=True)


def _weighing(common: float, rare: float) -> Data:
    target = Target("y", "int64", (), 256, counts={"0": 243, "1": 13}, coding="binary")
    return Data(targets=(target,), weighted=True, class_weights={"0": common, "1": rare})


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
        Example("the rare class is weighted down", seen(*_RARE, _NEVER, data=_weighing(20.0, 1.0))),
        Example(
            "the rare class is weighted up",
            seen(*_RARE, data=_weighing(1.0, 20.0)),
            named=False,
        ),
        Example(
            "95 to 5, and the rare class was learned",
            seen(_RARE[0], Symptom("learned", 0.8, "The run learned 80 % of what a constant answer misses.")),
            named=False,
        ),
    ),
    severity="warning",
)
