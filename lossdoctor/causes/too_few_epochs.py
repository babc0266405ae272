"""LD106: training stopped while it was still improving."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, doing_well, seen
from lossdoctor.record import Setup
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom

HARDLY = 60  # updates with which hardly any net learns anything
FEW_UPDATES = 300  # a small net needs some hundred updates for anything
ELSEWHERE = {
    "labels-unrelated": FAIR, "loss-exploding": STRONG, "loss-wild": STRONG, "loss-oscillating": FAIR, "loss-rising": STRONG, "loss-non-finite": STRONG, "gradients-zero": STRONG, "updates-huge": FAIR,
    "gradients-vanishing": STRONG, "validation-rising": STRONG, "loss-plateau": FAIR, "updates-died": FAIR, "outputs-constant": FAIR,
}  # fmt: skip


def updates(facts: Facts) -> int | None:
    """Returns the number of updates that the run was to make, None when it is not known."""
    setup = facts.setup
    return setup.epochs * setup.steps_per_epoch if setup.epochs and setup.steps_per_epoch else None


def signs(facts: Facts) -> Iterator[Sign]:
    falling, count = facts.get("loss-still-falling"), updates(facts)
    hardly = count is not None and count < HARDLY and facts.learned < 0.5
    if falling is None and not hardly:
        return
    if (half := facts.get("loss-half-way")) is not None:
        yield Sign(FAIR, half.text)
    if falling is not None:
        yield Sign(FAIR if falling.value < 0.05 else STRONG, falling.text)
    if count is not None and count < FEW_UPDATES:
        yield Sign(
            STRONG + SLIGHT if hardly else FAIR,
            f"the run made only {count} updates, in {facts.setup.epochs} epochs",
        )
    elif count is not None and count > 10 * FEW_UPDATES:
        yield Sign(-FAIR, f"the run made {count} updates")
    if (still := facts.get("updates-tiny") or facts.get("weights-stood-still")) is not None:
        yield Sign(-SLIGHT, still.text)
    for name, weight in ELSEWHERE.items():
        # So few updates can seem flat and constant whatever they would come to.
        counts = not (hardly and name in ("loss-plateau", "outputs-constant"))
        if counts and (symptom := facts.get(name)) is not None:
            yield Sign(-weight, symptom.text)
    if facts.learned > 0.8:
        yield Sign(-STRONG, f"{facts.learned:.0%} of what there was to gain was gained")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    epochs = facts.setup.epochs or 10
    yield Remedy(
        f"Train longer, for example {epochs * 5} epochs, with EarlyStopping(restore_best_weights=True).",
        f"model.fit(..., epochs={epochs * 5})",
    )


_FALLING = Symptom("loss-still-falling", 0.2, "The loss was still falling at the end, by 20 %.")
_STUCK = Symptom("loss-stuck-at-baseline", 1.0, "The loss ended where a constant answer is.", alarming=True)

CAUSE = Cause(
    id="too-few-epochs",
    code="LD106",
    title="Too few epochs",
    meaning="The weights move as they should and the loss falls, but training ends before it has come down.",
    signs=signs,
    remedies=remedies,
    references=("Keras, EarlyStopping, https://keras.io/api/callbacks/early_stopping/",),
    examples=(
        Example(
            "35 updates, still falling", seen(_FALLING, _STUCK, setup=Setup(epochs=5, steps_per_epoch=7))
        ),
        Example(
            "still falling, but validation has turned",
            seen(
                _FALLING,
                Symptom(
                    "validation-rising", 2.0, "The validation loss rose to 2 times its lowest.", alarming=True
                ),
                setup=Setup(epochs=30, steps_per_epoch=7),
            ),
            named=False,
        ),
    ),
    severity="warning",
)
