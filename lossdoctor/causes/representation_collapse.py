"""LD214: outputs, embeddings or latents became one point."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, doing_well, seen
from lossdoctor.record import Output, Setup
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom

# What flattens outputs by itself: the collapse is then its consequence.
EXPLAINED_BY = ("loss-non-finite", "weights-non-finite", "data-non-finite", "units-dead", "loss-exploding", "kernel-constant",
                "gradients-vanishing", "layer-gradients-zero", "gradients-zero", "loss-without-gradient")  # fmt: skip


def signs(facts: Facts) -> Iterator[Sign]:
    unused, flat = facts.get("latents-unused"), facts.get("outputs-collapsed")
    margin = facts.get("embedding-at-margin")
    if unused is None and margin is None and (flat is None or not _is_representation(facts)):
        return
    if margin is not None:
        yield Sign(STRONG + FAIR, margin.text)
    if unused is not None:
        yield Sign(STRONG + FAIR, unused.text)
    if flat is not None:
        yield Sign(STRONG if _is_representation(facts) else SLIGHT, flat.text)
    if (same := facts.get("no-better-than-constant")) is not None:
        yield Sign(FAIR, same.text)
    for name in EXPLAINED_BY:
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)
    yield from doing_well(facts)


def _is_representation(facts: Facts) -> bool:
    """Returns whether the outputs are places in a space or pictures under a loss of the user's own, not scores."""
    if facts.experiments.get("targets_are_inputs"):
        return True
    loss = facts.output.loss or "custom:"
    return loss.startswith("custom:") and (facts.output.units or 2) > 1


def remedies(facts: Facts) -> Iterator[Remedy]:
    if facts.get("latents-unused") is not None:
        yield Remedy(
            "Weigh the divergence less: sum the reconstruction over pixels as the divergence over latents, and raise its "
            "weight slowly from 0.",
            "loss = ops.sum(error, axis=(1, 2, 3)) + beta * ops.sum(kl, axis=-1)  # beta from 0 to 1 over some epochs",
        )
        yield Remedy("Leave each latent some bits for free.", "kl = ops.maximum(kl, 0.1)")
        return
    yield Remedy(
        "Bring the embeddings to unit length, so that they cannot all shrink to one point.",
        "embeddings = layers.UnitNormalization()(embeddings)",
    )
    yield Remedy("Take easier negatives (semi-hard in the place of the hardest), and a lower learning rate.")


_FLAT = Symptom("outputs-collapsed", 0.0, "The outputs are nearly the same for every row.")
_UNUSED = Symptom("latents-unused", 0.0, "None of the 8 latent numbers carries anything about its row.")
_SAME = Symptom(
    "no-better-than-constant", 0.0, "The loss is no better than a constant prediction.", alarming=True
)

CAUSE = Cause(
    id="representation-collapse",
    code="LD214",
    title="Representation collapse",
    meaning="Embeddings, latents or generated outputs became one point that ignores the inputs, because the loss allows it: "
    "a triplet loss at its margin, a divergence that outweighs the reconstruction, a generator with one answer.",
    signs=signs,
    remedies=remedies,
    references=(
        "Lucas et al. 2019, Posterior collapse, https://arxiv.org/abs/1911.02469",
        "Schroff et al. 2015, FaceNet (semi-hard negatives), https://arxiv.org/abs/1503.03832",
    ),
    examples=(
        Example("a VAE whose latents carry nothing", seen(_UNUSED, _SAME)),
        Example(
            "embeddings at one point under a loss of one's own",
            seen(_FLAT, _SAME, setup=Setup(outputs=(Output("out", (16,), 16, loss="custom:triplet"),))),
        ),
        Example(
            "class scores that are the same for every row",
            seen(
                _FLAT,
                _SAME,
                setup=Setup(outputs=(Output("out", (10,), 10, ("softmax",), "categorical_crossentropy"),)),
            ),
            named=False,
        ),
    ),
)
