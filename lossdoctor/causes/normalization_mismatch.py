"""LD213: training and inference mode of a normalisation layer disagree."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.record import Layer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    differ, depend = facts.get("modes-differ"), facts.get("rows-depend")
    if differ is not None:
        yield Sign(2 * STRONG + FAIR, differ.text)
        yield from _lag(facts, differ)
    normalized = [la for la in facts.setup.layers if "Normalization" in la.kind]
    if depend is not None and normalized:
        yield Sign(
            STRONG + FAIR,
            f"{depend.text} {normalized[0].name} normalises with the batch outside of training too.",
        )
        if (
            facts.get("validation-at-chance")
            or facts.get("validation-far-behind")
            or facts.get("validation-rising")
        ):
            yield Sign(FAIR, "validation is far behind training")
    for name in ("data-non-finite", "loss-non-finite", "validation-inputs-differ"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-STRONG, symptom.text)


def _lag(facts: Facts, differ: Symptom) -> Iterator[Sign]:
    needed, momentum = differ.details.get("updates_needed"), differ.details.get("momentum")
    steps = (facts.setup.epochs or 0) * (facts.setup.steps_per_epoch or 0)
    if needed and steps and steps < 5 * needed:
        yield Sign(
            FAIR,
            f"its momentum of {momentum:.4g} needs some {5 * needed:.0f} updates to follow; this fit made {steps}",
        )
    if differ.details.get("explains") == "batch" and (facts.setup.batch_size or 32) <= 8:
        yield Sign(SLIGHT, f"batches of {facts.setup.batch_size} rows give statistics of their own")


def remedies(facts: Facts) -> Iterator[Remedy]:
    if facts.get("rows-depend") is not None:
        yield Remedy(
            "Leave `training` to Keras: do not pass training=True to layers or parts of the model.",
            "h = backbone(x)  # not backbone(x, training=True)",
        )
    yield Remedy(
        "Lower the momentum of the BatchNormalization layers, or train for more updates.",
        "layers.BatchNormalization(momentum=0.9)",
    )
    yield Remedy(
        "Use a normalisation that is the same in both modes.",
        "layers.GroupNormalization(groups=8)  # or LayerNormalization()",
        (Action("layer_normalization", {}),) if _can_exchange(facts) else (),
    )


def _can_exchange(facts: Facts) -> bool:
    return facts.setup.model_kind in ("Sequential", "Functional") and not facts.setup.custom_train_step


_DIFFER = Symptom(
    "modes-differ", 2.0, "The loss is 0.3 in training mode and 2.3 in inference mode.", alarming=True,
    details={"momentum": 0.999, "updates_needed": 1000.0, "explains": "statistics"},
)  # fmt: skip
_DEPEND = Symptom(
    "rows-depend", 0.4, "The output of a row changes by 40 % when other rows of its batch change."
)
_BEHIND = Symptom("validation-far-behind", 0.5, "Validation accuracy is 0.5 behind.", alarming=True)

CAUSE = Cause(
    id="normalization-mismatch",
    code="LD213",
    title="Normalisation differs between training and inference mode",
    meaning="BatchNormalization uses the batch's statistics in training and moving averages in inference. Where these lag "
    "(a momentum near 1 in a short run), batches are tiny, or the mode is fixed by hand, training looks fine while validation "
    "and prediction are poor. It is not overfitting: the same rows do badly too.",
    signs=signs,
    remedies=remedies,
    references=(
        "Ioffe & Szegedy 2015, Batch normalization, https://arxiv.org/abs/1502.03167",
        "Keras, BatchNormalization, https://keras.io/api/layers/normalization_layers/batch_normalization/",
    ),
    examples=(
        Example("moving averages that lag", seen(_DIFFER, _BEHIND)),
        Example(
            "a layer that is kept in training mode",
            seen(_DEPEND, setup=Setup(layers=(Layer("normalization", "BatchNormalization"),))),
        ),
        Example("validation behind training with the modes alike", seen(_BEHIND), named=False),
        Example(
            "rows that are compared with each other on purpose",
            seen(_DEPEND, setup=Setup(layers=(Layer("attention", "MultiHeadAttention"),))),
            named=False,
        ),
    ),
    consequences=("overfitting", "too-few-epochs", "inconsistent-preprocessing", "batch-size-ill-suited"),
)
