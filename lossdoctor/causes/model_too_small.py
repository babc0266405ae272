"""LD208: the model is too small for the problem."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import (
    FAIR,
    SLIGHT,
    Cause,
    Example,
    Facts,
    Sign,
    doing_well,
    replayed,
    seen,
)
from lossdoctor.causes.too_few_epochs import FEW_UPDATES, updates
from lossdoctor.record import Layer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

NARROW = 3  # units; a bottleneck below the number of classes loses classes


def signs(facts: Facts) -> Iterator[Sign]:
    widths = [la.units for la in facts.hidden if la.units]
    classes = facts.data.targets[0].classes if facts.data.targets else None
    plateau, unfit = facts.get("loss-plateau"), facts.get("one-batch-unfit")
    if widths and min(widths) <= NARROW:
        yield Sign(
            FAIR + SLIGHT, f"a hidden layer has only {min(widths)} unit{'s' if min(widths) > 1 else ''}"
        )
    elif widths and classes and classes > 3 and min(widths) < classes / 2:
        yield Sign(FAIR, f"a hidden layer of {min(widths)} units has to tell {classes} classes apart")
    elif not widths and facts.setup.layers and facts.alarms:
        yield Sign(SLIGHT, "the model has no hidden layer: it can only draw straight boundaries")
    else:
        return
    if plateau is not None and facts.learned < 0.9:
        yield Sign(FAIR, f"it stopped falling above where it should: {plateau.text}")
    if unfit is not None:
        yield Sign(FAIR, unfit.text)
    if (behind := facts.get("behind-neighbours")) is not None:
        yield Sign(FAIR, behind.text)
    for name in (
        "loss-exploding",
        "loss-non-finite",
        "validation-rising",
        "features-unscaled",
        "targets-unscaled",
        "gradients-zero",
        "updates-tiny",
        "kernel-constant",
        "loss-below-zero",
    ):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)
    if (count := updates(facts)) is not None and count < FEW_UPDATES:
        yield Sign(-FAIR, f"{count} updates are too few to tell")
    yield from replayed(facts, "model-too-small")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    widths = [la.units for la in facts.hidden if la.units]
    if not widths:
        yield Remedy(
            "Put a hidden layer in front of the output, with 32 units for a start.",
            'layers.Dense(32, activation="relu")',
            (Action("hidden_layer", {"units": 32}),),
        )
        return
    wide = max(32, 4 * min(widths))
    yield Remedy(
        f"Give the hidden layers more units, {wide} for a start.",
        f'layers.Dense({wide}, activation="relu")',
        (Action("widen", {"factor": max(2, wide // max(min(widths), 1))}),),
    )


_TWO = Setup(
    layers=(
        Layer("a", "Dense", "relu", units=2, parameters=9),
        Layer("out", "Dense", "softmax", units=10, parameters=9),
    )
)
_STUCK = (
    Symptom("loss-plateau", 0.0, "Over the last half of the run the loss changed by 0 %."),
    Symptom("one-batch-unfit", 0.8, "One batch alone could not be fitted."),
)

CAUSE = Cause(
    id="model-too-small",
    code="LD208",
    title="Model too small",
    meaning="The loss stops falling well above where the problem allows, also on the training rows, and even one batch "
    "cannot be fitted: there are too few units to hold what is to be learned.",
    signs=signs,
    remedies=remedies,
    references=(
        "Karpathy 2019, A recipe for training neural networks, https://karpathy.github.io/2019/04/25/recipe/",
    ),
    examples=(
        Example("two hidden units for ten classes", seen(*_STUCK, setup=_TWO)),
        Example(
            "two hidden units are enough",
            seen(
                _STUCK[0],
                Symptom("learned", 0.95, "The run learned 95 % of what a constant answer misses."),
                setup=_TWO,
            ),
            named=False,
        ),
    ),
    severity="warning",
)
