"""LD312: batches in order of their targets, or the same again and again."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    ordered, repeat = facts.get("order-sorted"), facts.get("batches-repeat")
    for symptom in (ordered, repeat):
        if symptom is not None:
            yield Sign(2 * STRONG, symptom.text)
    if ordered is None and repeat is None:
        return
    if (gap := facts.get("validation-at-chance") or facts.get("validation-far-behind")) is not None:
        yield Sign(FAIR, gap.text)
    for name in ("loss-non-finite", "data-non-finite"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-STRONG, symptom.text)
    if not facts.alarms and facts.learned > 0.9:
        yield Sign(-FAIR, f"the run learned {facts.learned:.0%} of what a constant answer misses")


def remedies(facts: Facts) -> Iterator[Remedy]:
    if facts.get("batches-repeat") is not None:
        yield Remedy(
            "Let the generator move on: draw a new batch each time it is asked, from a random state that is made once.",
            "rng = np.random.default_rng(0)  # outside of __getitem__ or of the loop",
        )
    yield Remedy(
        "Shuffle the rows before they are put into batches.",
        "dataset = dataset.shuffle(len(x)).batch(32)  # shuffle first; model.fit(..., shuffle=True) for arrays",
    )


_RARE = Symptom("classes-imbalanced", 0.9, "One class has 90 %.")

CAUSE = Cause(
    id="data-order",
    code="LD312",
    title="Rows come in an order of their own",
    meaning="Successive batches hold one class each, or the same rows again and again, because the data are sorted and not "
    "shuffled or a generator repeats itself. Each step undoes the last one, or most of the data are never seen.",
    signs=signs,
    remedies=remedies,
    references=(
        "Bengio 2012, Practical recommendations for gradient-based training, https://arxiv.org/abs/1206.5533",
        "TensorFlow, Dataset.shuffle, https://www.tensorflow.org/api_docs/python/tf/data/Dataset#shuffle",
    ),
    examples=(
        Example(
            "batches of one class each",
            seen(Symptom("order-sorted", 20.0, "All first batches hold one class.", alarming=True), _RARE),
        ),
        Example(
            "a generator that gives one batch for ever",
            seen(
                Symptom("batches-repeat", 1.0, "100% of the first 256 rows are exact copies.", alarming=True)
            ),
        ),
        Example("an imbalanced set in random order", seen(_RARE), named=False),
    ),
    consequences=(
        "overfitting",
        "misaligned-labels",
        "class-imbalance",
        "learning-rate-too-high",
        "too-little-data",
    ),
)
