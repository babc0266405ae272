"""LD211: layers that should learn get no updates."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, STRONG, Cause, Example, Facts, Sign, doing_well, replayed, seen
from lossdoctor.record import Layer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    weighted = [la for la in facts.setup.layers if la.parameters and la.kind not in ("Normalization",)]
    frozen = [la for la in weighted if not la.trainable]
    disconnected = facts.get("layers-disconnected")
    if frozen:
        share = sum(la.parameters for la in frozen) / max(sum(la.parameters for la in weighted), 1)
        yield Sign(
            STRONG if share > 0.3 else FAIR,
            f"{len(frozen)} of {len(weighted)} layers are frozen ({', '.join(la.name for la in frozen[:3])}), {share:.0%} of the weights",
        )
        if any(la is weighted[-1] for la in frozen):
            yield Sign(STRONG, f"the output layer {weighted[-1].name} is frozen")
        if (
            facts.get("loss-stuck-at-baseline")
            or facts.get("accuracy-at-chance")
            or facts.get("loss-plateau")
        ):
            yield Sign(FAIR, "the layers that may learn did not get far")
    if disconnected is not None:
        yield Sign(2 * STRONG, disconnected.text)
    if not frozen and disconnected is None:
        return
    for name in (
        "data-non-finite",
        "loss-exploding",
        "features-unscaled",
        "validation-rising",
        "updates-tiny",
        "scaled-twice",
    ):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)
    yield from replayed(facts, "frozen-layers")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Let the frozen layers learn: set trainable = True and compile again.",
        "for layer in model.layers:\n    layer.trainable = True\nmodel.compile(...)",
        (Action("unfreeze", {"layers": None}),),
    )


_FROZEN = Setup(
    layers=(Layer("a", "Dense", parameters=900, trainable=False), Layer("out", "Dense", parameters=9))
)
_STUCK = Symptom("loss-stuck-at-baseline", 1.0, "The loss ended at ln(10).", alarming=True)

CAUSE = Cause(
    id="frozen-layers",
    code="LD211",
    title="Frozen or disconnected layers",
    meaning="Layers have trainable=False, or no gradient reaches them, although the rest cannot do the job alone.",
    signs=signs,
    remedies=remedies,
    references=("Keras, transfer learning and fine-tuning, https://keras.io/guides/transfer_learning/",),
    examples=(
        Example("a frozen stack that was never trained", seen(_STUCK, setup=_FROZEN)),
        Example(
            "a frozen base on purpose, and the head learns",
            seen(
                Symptom("learned", 0.9, "The run learned 90 % of what a constant answer misses."),
                setup=_FROZEN,
            ),
            named=False,
        ),
    ),
)
