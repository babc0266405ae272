"""LD209: the model learns its training rows by heart."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    rising, falling = facts.get("validation-rising"), facts.get("validation-accuracy-falling")
    behind = facts.get("validation-far-behind")
    if falling is not None:
        yield Sign(STRONG, falling.text)
    if behind is not None:
        yield Sign(STRONG, behind.text)
    if rising is falling is behind is None:
        return
    if rising is not None:
        worth = rising.details.get("rise", 1.0)
        yield Sign(STRONG + FAIR if worth > 0.3 else STRONG, rising.text)
    if (gap := facts.get("validation-gap")) is not None:
        yield Sign(SLIGHT, gap.text)
    if (few := facts.get("rows-few")) is not None and few.details.get("parameters", 0) > few.value:
        yield Sign(SLIGHT, few.text)
    for name, weight in {
        "validation-inputs-differ": STRONG,
        "validation-labels-differ": STRONG,
        "held-out-predicted": STRONG,
        "modes-differ": 2 * STRONG,
        "loss-exploding": STRONG,
        "loss-rising": FAIR,
        "loss-non-finite": FAIR,
        "updates-huge": SLIGHT,
    }.items():
        if (symptom := facts.get(name)) is not None:
            yield Sign(-weight, symptom.text)


def remedies(facts: Facts) -> Iterator[Remedy]:
    rising = facts.get("validation-rising") or facts.get("validation-accuracy-falling")
    turn = (rising.epoch or 0) + 1 if rising else 1
    yield Remedy(
        f"Keep the weights of epoch {turn}, where the validation loss was lowest.",
        'callbacks=[keras.callbacks.EarlyStopping("val_loss", patience=5, restore_best_weights=True)]',
    )
    yield Remedy(
        "Add Dropout behind the hidden layers.", "layers.Dropout(0.5)", (Action("dropout", {"rate": 0.5}),)
    )
    yield Remedy(
        "Add an L2 penalty.",
        "layers.Dense(..., kernel_regularizer=keras.regularizers.L2(0.01))",
        (Action("l2", {"value": 0.01}),),
    )
    yield Remedy("Use a smaller model.", "", (Action("widen", {"factor": 0.25}),))
    yield Remedy("Get more rows, or augment those you have.")


_TURNED = Symptom(
    "validation-rising",
    3.0,
    "The validation loss was lowest in epoch 4 and rose.",
    epoch=3,
    alarming=True,
    details={"rise": 0.8},
)

CAUSE = Cause(
    id="overfitting",
    code="LD209",
    title="Overfitting",
    meaning="The training loss goes on falling while the validation loss turned and climbs: the model learns its rows by "
    "heart. Validation accuracy may still look good, as the model only grows over-confident where it is wrong.",
    signs=signs,
    remedies=remedies,
    references=(
        "Srivastava et al. 2014, Dropout, https://jmlr.org/papers/v15/srivastava14a.html",
        "Prechelt 1998, Early stopping, https://doi.org/10.1007/3-540-49430-8_3",
    ),
    examples=(
        Example("validation turned in epoch 4", seen(_TURNED)),
        Example(
            "validation is of another kind than training",
            seen(
                _TURNED,
                Symptom(
                    "validation-inputs-differ",
                    255.0,
                    "The validation inputs are 255 times as large as the training inputs.",
                ),
            ),
            named=False,
        ),
        Example(
            "rows held back from training are told as well as those trained on",
            seen(_TURNED, Symptom("held-out-predicted", 0.9, "Held-back rows 0.95, validation 0.05.")),
            named=False,
        ),
    ),
    severity="warning",
    consequences=("too-little-data",),
)
