"""LD212: the architecture does not suit the data."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import (
    FAIR,
    SLIGHT,
    STRONG,
    Cause,
    Example,
    Facts,
    Sign,
    doing_well,
    replayed,
    seen,
)
from lossdoctor.record import Layer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

DEEP = 12  # plain weight layers; beyond, residual connections or normalisation are needed (He et al. 2016)
HELP = {"Add", "BatchNormalization", "LayerNormalization", "Concatenate", "GroupNormalization"}


def signs(facts: Facts) -> Iterator[Sign]:
    layers = facts.setup.layers
    kinds = {la.kind for la in layers}
    weighted = [la for la in layers if la.parameters]
    normed = [la.name for la in layers if la.kind == "BatchNormalization"]
    found = False
    if weighted and weighted[-1].kind == "BatchNormalization":
        found = True
        yield Sign(
            FAIR, f"{weighted[-1].name} stands behind the last weights and rescales the output by the batch"
        )
    if len(weighted) >= DEEP and not kinds & HELP and facts.alarms:
        found = True
        yield Sign(FAIR, f"{len(weighted)} weight layers in a row without normalisation or shortcuts")
    if normed and facts.setup.batch_size == 1:
        found = True
        yield Sign(STRONG, f"{normed[0]} normalises over batches of a single row")
    pooled = [la for la in layers if la.kind.startswith(("MaxPooling", "AveragePooling"))]
    if len(pooled) >= 4 and facts.get("signal-lost") is not None:
        found = True
        yield Sign(FAIR, f"{len(pooled)} pooling layers leave little of the picture")
    if (everywhere := _pools_all(facts)) and facts.alarms:
        found = True
        yield Sign(SLIGHT, f"{everywhere} keeps what is there and forgets where")
    if (padding := facts.get("padding-unmasked")) is not None:
        found = True
        yield Sign(STRONG if facts.alarms else SLIGHT, padding.text)
    if not found:
        return
    if (
        stuck := facts.get("loss-stuck-at-baseline")
        or facts.get("signal-lost")
        or facts.get("validation-gap")
    ) is not None:
        yield Sign(SLIGHT, stuck.text)
    for name in ("data-non-finite", "features-unscaled", "kernel-large", "kernel-constant"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)
    yield from replayed(facts, "architecture-ill-suited")
    yield from doing_well(facts)


def _pools_all(facts: Facts) -> str | None:
    """Returns the name of the layer that pools over all places, None without one."""
    return next((la.name for la in facts.setup.layers if la.kind.startswith("Global")), None)


def remedies(facts: Facts) -> Iterator[Remedy]:
    if (padding := facts.get("padding-unmasked")) is not None:
        tokens = padding.details.get("tokens")
        yield Remedy(
            "Mask the padding, so that the recurrent layer stops where each row ends.",
            "layers.Embedding(..., mask_zero=True)" if tokens else "layers.Masking()  # behind the input",
            (Action("mask", {}),),
        )
        return
    if _pools_all(facts) is not None:
        yield Remedy(
            "Keep the places: Flatten in the place of the global pooling.",
            "layers.Flatten()",
            (Action("flatten", {}),),
        )
    if not any(la.kind == "BatchNormalization" for la in facts.setup.layers):
        yield Remedy(
            "Put BatchNormalization behind the hidden layers, or use shortcuts.",
            "layers.BatchNormalization()",
            (Action("batch_normalization", {}),),
        )
    else:
        yield Remedy("Take BatchNormalization out, or use LayerNormalization.", "layers.LayerNormalization()")


_DEEP = Setup(layers=tuple(Layer(f"d{i}", "Dense", "relu", parameters=9) for i in range(24)))
_LOST = (
    Symptom("signal-lost", 1e-6, "The outputs hardly depend on the row."),
    Symptom(
        "loss-stuck-at-baseline", 1.0, "The loss ended at 2.31, where a constant answer ends.", alarming=True
    ),
)

CAUSE = Cause(
    id="architecture-ill-suited",
    code="LD212",
    title="Architecture ill-suited to the data",
    meaning="Layers stand where they undo each other or lose the signal: batch normalisation over single rows or behind the "
    "output, dozens of plain layers without shortcuts, pooling until nothing is left, a long padding read after the words.",
    signs=signs,
    remedies=remedies,
    references=("He et al. 2016, Deep residual learning, https://arxiv.org/abs/1512.03385",),
    examples=(
        Example(
            "short texts behind which 50 zeros are read",
            seen(
                Symptom("padding-unmasked", 0.8, "80% of the 60 steps are zeros behind the end of the rows."),
                _LOST[1],
            ),
        ),
        Example(
            "the same padding, but the run learned",
            seen(
                Symptom("padding-unmasked", 0.8, "80% of the 60 steps are zeros behind the end of the rows."),
                Symptom("learned", 0.9, "The run learned 90 % of what a constant answer misses."),
            ),
            named=False,
        ),
        Example(
            "24 plain layers, and a replay with normalisation learns",
            seen(
                *_LOST,
                setup=_DEEP,
                experiments={
                    "replay": {
                        "trials": [
                            {
                                "cause": "architecture-ill-suited",
                                "remedy": "",
                                "verdict": "confirmed",
                                "text": "a replay went from 2.3 to 0.9",
                            }
                        ]
                    }
                },
            ),
        ),
        Example(
            "24 plain layers from too large weights",
            seen(
                *_LOST,
                Symptom(
                    "kernel-large", 90.0, "The weights of dense start 90 times larger than the fan-in rule."
                ),
                setup=_DEEP,
            ),
            named=False,
        ),
    ),
    severity="warning",
)
