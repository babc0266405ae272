"""LD204: ReLU units died."""

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
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    dead = facts.get("units-dead")
    if dead is None:
        return
    yield Sign(STRONG + FAIR if dead.value > 0.98 else STRONG, dead.text)
    if (zero := facts.get("gradients-zero") or facts.get("layer-gradients-zero")) is not None:
        yield Sign(FAIR, zero.text)
    if facts.get("loss-stuck-at-baseline") or facts.get("outputs-constant"):
        yield Sign(SLIGHT, "what is left is a constant answer")
    for name in ("data-non-finite", "weights-non-finite", "kernel-constant"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-STRONG, symptom.text)
    yield from replayed(facts, "dying-relu")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Use LeakyReLU (or ELU) in the hidden layers, with he_normal.",
        'layers.Dense(..., activation="leaky_relu", kernel_initializer="he_normal")',
        (Action("hidden_activation", {"name": "leaky_relu", "layers": None}),),
    )
    yield Remedy(
        "Put BatchNormalization behind the hidden layers.",
        "layers.BatchNormalization()",
        (Action("batch_normalization", {}),),
    )


_DEAD = (
    Symptom("units-dead", 1.0, "100 % of the ReLU units of dense put out 0 for every row."),
    Symptom("gradients-zero", 0.9, "The gradient is 0.", alarming=True),
)

CAUSE = Cause(
    id="dying-relu",
    code="LD204",
    title="Dying ReLU",
    meaning="A step (or the start) left ReLU units with inputs below 0 for every row: they put out 0, get no gradient, and "
    "never come back. Often the consequence of a huge first step on unscaled inputs or at too high a rate.",
    signs=signs,
    remedies=remedies,
    references=(
        "Lu et al. 2019, Dying ReLU and initialization, https://arxiv.org/abs/1903.06733",
        "Maas et al. 2013, Rectifier nonlinearities, https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf",
    ),
    examples=(
        Example("a dead hidden layer", seen(*_DEAD)),
        Example(
            "a sparse layer of a run that learned",
            seen(
                Symptom("units-dead", 0.92, "92 % of the units of dense put out 0 for every row."),
                Symptom("learned", 0.97, "The run learned 97 % of what a constant answer misses."),
            ),
            named=False,
        ),
    ),
)
