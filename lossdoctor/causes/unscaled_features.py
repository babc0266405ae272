"""LD301: the inputs are not scaled."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import (
    CERTAIN,
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
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

HARM = (
    "loss-start-high",
    "gradients-large-at-start",
    "units-saturated",
    "loss-blew-up",
    "units-dead",
    "gradients-zero",
    "loss-stuck-at-baseline",
    "loss-above-baseline",
    "accuracy-at-chance",
)


def signs(facts: Facts) -> Iterator[Sign]:
    large, offset, tiny = (facts.get(f"features-{word}") for word in ("unscaled", "offset", "tiny"))
    if large is not None:
        yield Sign(STRONG if large.value > 30 else FAIR, large.text)
        if large.details.get("spread", 1) > 1000:
            yield Sign(SLIGHT, f"their sizes span a factor of {large.details['spread']:.2g}")
    if offset is not None:
        yield Sign(FAIR, offset.text)
    if tiny is not None:
        yield Sign(FAIR, tiny.text)
    if large is offset is tiny is None:
        return
    harm = [found for name in HARM if (found := facts.get(name)) is not None]
    for symptom in harm[:3]:
        yield Sign(FAIR if symptom.name in HARM[:3] else SLIGHT, symptom.text)
    for name, weight in {"data-non-finite": CERTAIN, "kernel-large": FAIR, "loss-below-zero": STRONG}.items():
        if (other := facts.get(name)) is not None:
            yield Sign(-weight, other.text)
    yield from replayed(facts, "unscaled-features")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    pixels = facts.data.inputs and facts.data.inputs[0].integers and facts.data.inputs[0].high == 255
    code = (
        "layers.Rescaling(1 / 255)  # as the first layer"
        if pixels
        else "norm = layers.Normalization()\nnorm.adapt(x_train)  # and norm as the first layer"
    )
    yield Remedy(
        "Scale the inputs to mean 0 and standard deviation 1.", code, (Action("normalize_inputs", {}),)
    )


_RAW = (
    Symptom("features-unscaled", 300.0, "Inputs go from 0.1 to 1680.", details={"spread": 2000.0}),
    Symptom("loss-start-high", 50.0, "The first loss is 60, 50 times 1.1."),
)

CAUSE = Cause(
    id="unscaled-features",
    code="LD301",
    title="Unscaled features",
    meaning="Inputs are large, of very different sizes, or far from 0. The first layer's outputs and gradients grow with "
    "them: units saturate or die, and the rate that suits one column blows up another.",
    signs=signs,
    remedies=remedies,
    references=(
        "LeCun et al. 1998, Efficient BackProp, http://yann.lecun.com/exdb/publis/pdf/lecun-98b.pdf",
        "Keras, Normalization, https://keras.io/api/layers/preprocessing_layers/numerical/normalization/",
    ),
    examples=(
        Example("columns from 0.1 to 1680", seen(*_RAW)),
        Example(
            "the same columns, but the run learned",
            seen(_RAW[0], Symptom("learned", 0.93, "The run learned 93 % of what a constant answer misses.")),
            named=False,
        ),
    ),
    consequences=(
        "dying-relu",
        "saturated-activations",
        "exploding-gradients",
        "learning-rate-too-high",
        "vanishing-gradients",
    ),
)
