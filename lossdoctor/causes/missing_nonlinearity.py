"""LD206: hidden layers without an activation."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

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

LINEAR_KINDS = {"Dense", "Conv1D", "Conv2D", "Conv3D", "EinsumDense"}
BENDING = {"ReLU", "LeakyReLU", "PReLU", "ELU", "Softmax", "MaxPooling1D", "MaxPooling2D", "MaxPooling3D", "GlobalMaxPooling1D", "GlobalMaxPooling2D",
           "LSTM", "GRU", "SimpleRNN", "Bidirectional", "MultiHeadAttention", "Attention", "LayerNormalization", "Multiply", "Dot", "Embedding"}  # fmt: skip


def linear_hidden(facts: Facts) -> list[Layer]:
    """Returns the hidden weight layers behind which nothing bends before the next weights."""
    layers = list(facts.setup.layers)
    weighted = [i for i, layer in enumerate(layers) if layer.parameters and layer.kind in LINEAR_KINDS]
    found = []
    for i, following in pairwise(weighted):
        between = layers[i:following]
        bends = any((la.activation not in (None, "linear")) or la.kind in BENDING for la in between)
        if not bends:
            found.append(layers[i])
    return found


def signs(facts: Facts) -> Iterator[Sign]:
    linear = linear_hidden(facts)
    if not linear or facts.setup.model_kind not in ("Sequential", "Functional", ""):
        return
    hidden = [la for la in facts.hidden if la.kind in LINEAR_KINDS]
    bent = any(
        la.activation not in (None, "linear") or la.kind in BENDING
        for la in facts.setup.layers[:-1]
        if la not in linear
    )
    names = ", ".join(la.name for la in linear[:4])
    if len(linear) == len(hidden) and not bent:
        yield Sign(
            STRONG + FAIR, f"no hidden layer has an activation ({names}): together they are one linear map"
        )
    else:
        yield Sign(FAIR, f"{len(linear)} of {len(hidden)} hidden layers have no activation ({names})")
    if (
        stuck := facts.get("loss-stuck-at-baseline")
        or facts.get("loss-plateau")
        or facts.get("one-batch-unfit")
    ) is not None:
        yield Sign(FAIR, stuck.text)
    for name in (
        "loss-exploding",
        "loss-non-finite",
        "data-non-finite",
        "features-unscaled",
        "targets-unscaled",
        "validation-rising",
    ):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)
    yield from replayed(facts, "missing-nonlinearity")
    yield from doing_well(facts)
    if not facts.alarms:
        yield Sign(-SLIGHT, "a linear model can be right")


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Give the hidden layers an activation, ReLU for a start.",
        'layers.Dense(..., activation="relu")',
        (Action("hidden_activation", {"name": "relu", "layers": [la.name for la in linear_hidden(facts)]}),),
    )


_PLAIN = Setup(
    model_kind="Sequential",
    layers=(
        Layer("a", "Dense", "linear", parameters=9),
        Layer("b", "Dense", "linear", parameters=9),
        Layer("out", "Dense", "sigmoid", parameters=9),
    ),
)
_STUCK = Symptom("loss-stuck-at-baseline", 1.0, "The loss ended at ln(2).", alarming=True)

CAUSE = Cause(
    id="missing-nonlinearity",
    code="LD206",
    title="Missing nonlinearity",
    meaning="Dense or convolutional layers without an activation between them are together one linear map: no bend, however "
    "many layers, so that anything but a straight boundary cannot be learned.",
    signs=signs,
    remedies=remedies,
    references=("Goodfellow et al. 2016, Deep Learning, section 6.1, https://www.deeplearningbook.org",),
    examples=(
        Example("two linear hidden layers, stuck", seen(_STUCK, setup=_PLAIN)),
        Example(
            "the same on a problem that is linear",
            seen(
                Symptom("learned", 0.95, "The run learned 95 % of what a constant answer misses."),
                setup=_PLAIN,
            ),
            named=False,
        ),
    ),
)
