"""LD304: many labels are wrong."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, doing_well, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom

CLEANER = 0.1  # accuracy; without dropout, training rows are predicted at least as well as others when labels are alike


def signs(facts: Facts) -> Iterator[Sign]:
    disagree, falling = facts.get("neighbours-disagree"), facts.get("validation-accuracy-falling")
    dropout = any("Dropout" in layer.kind for layer in facts.setup.layers)
    cleaner = falling is not None and falling.details.get("lead", 0.0) > CLEANER and not dropout
    better = facts.get("validation-better")
    if disagree is None and not cleaner and better is None:
        return
    if better is not None:
        yield Sign(
            STRONG + FAIR, f"the training rows' labels are worse than those of validation: {better.text}"
        )
    if disagree is not None:
        yield Sign(STRONG if disagree.value > 0.3 else FAIR, disagree.text)
    if falling is not None and cleaner:
        yield Sign(
            STRONG + FAIR,
            f"validation rows were told better than training rows at first, so that their labels are cleaner: {falling.text}",
        )
    if (rising := facts.get("validation-rising")) is not None:
        yield Sign(SLIGHT, f"memorising them costs on validation: {rising.text}")
    elif (flat := facts.get("loss-plateau") or facts.get("loss-still-falling")) is not None:
        yield Sign(SLIGHT, flat.text)
    for name, weight in {
        "labels-unrelated": SLIGHT if better is not None else STRONG,
        "inputs-outlier": STRONG,
        "targets-outlier": STRONG,
        "loss-exploding": STRONG,
        "loss-non-finite": STRONG,
        "features-unscaled": FAIR,
        "loss-stuck-at-baseline": FAIR,
        "units-dead": FAIR,
    }.items():
        if (symptom := facts.get(name)) is not None:
            yield Sign(-weight, symptom.text)
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Look at the rows with the largest loss after a few epochs: their labels are the likeliest to be wrong.",
        "losses = keras.losses.get(model.loss)(y, model.predict(x))\nnp.argsort(-losses)[:50]",
    )
    yield Remedy(
        "Stop early, and smooth the labels.", "loss=keras.losses.CategoricalCrossentropy(label_smoothing=0.1)"
    )


_MIXED = (
    Symptom(
        "neighbours-disagree", 0.35, "35 % of the rows have another label than their neighbours, which agree."
    ),
    Symptom("validation-rising", 2.0, "The validation loss rose to 2 times its lowest.", alarming=True),
)
_BETTER = Symptom(
    "validation-better", 0.16, "Accuracy is 0.82 on validation rows and 0.66 on training rows.", alarming=True
)

CAUSE = Cause(
    id="label-noise",
    code="LD304",
    title="Noisy labels",
    meaning="A share of the labels is wrong. The model first learns the rule, then memorises the exceptions: training goes on "
    "improving while validation stands or turns, and rows contradict their nearest neighbours.",
    signs=signs,
    remedies=remedies,
    references=(
        "Arpit et al. 2017, A closer look at memorization, https://arxiv.org/abs/1706.05394",
        "Northcutt et al. 2021, Confident learning, https://arxiv.org/abs/1911.00068",
    ),
    examples=(
        Example("a third of the rows contradict their neighbours", seen(*_MIXED)),
        Example("validation rows are told better than those learned from", seen(_BETTER)),
        Example(
            "the same, but it is values that are far off in the training rows",
            seen(_BETTER, Symptom("inputs-outlier", 9000.0, "An input lies 9000 robust deviations off.")),
            named=False,
        ),
        Example(
            "labels that have nothing to do with the inputs at all",
            seen(
                *_MIXED,
                Symptom("labels-unrelated", 0.0, "A row's nearest neighbours tell nothing of its label."),
            ),
            named=False,
        ),
    ),
    severity="warning",
)
