"""LD105: the batch size does not suit the model or the data."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import CERTAIN, FAIR, STRONG, Cause, Example, Facts, Sign, doing_well, seen
from lossdoctor.causes.too_few_epochs import updates
from lossdoctor.record import Layer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

FEW = 60  # updates in a whole run


def signs(facts: Facts) -> Iterator[Sign]:
    size, setup = facts.setup.batch_size, facts.setup
    if size is None:
        return
    normed = [layer.name for layer in setup.layers if layer.kind == "BatchNormalization" and layer.trainable]
    if size == 1 and normed:
        yield Sign(
            CERTAIN,
            f"with one row a batch {normed[0]} subtracts each row from itself: it hands on a constant",
        )
    elif size <= 3 and normed:
        yield Sign(STRONG, f"with {size} rows a batch the statistics of {normed[0]} are noise")
    elif size == 1 and (noisy := facts.get("loss-oscillating") or facts.get("loss-rising")) is not None:
        yield Sign(STRONG, f"one row a batch: {noisy.text}")
    count = updates(facts)
    if count is not None and count < FEW and (setup.steps_per_epoch or 9) <= 3 and size >= 64:
        yield Sign(
            STRONG, f"{size} rows a batch leave {setup.steps_per_epoch} updates an epoch, {count} in all"
        )
        if (falling := facts.get("loss-still-falling")) is not None:
            yield Sign(FAIR, falling.text)
    if (bad := facts.get("loss-exploding")) is not None and not normed:
        yield Sign(-FAIR, bad.text)
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    if (facts.setup.batch_size or 9) <= 3 and any(
        la.kind == "BatchNormalization" for la in facts.setup.layers
    ):
        yield Remedy(
            "Use LayerNormalization, which needs no other rows, in place of BatchNormalization.",
            "layers.LayerNormalization()",
            (Action("layer_normalization", {}),),
        )
    yield Remedy("Use 32 rows a batch.", "model.fit(..., batch_size=32)")


_BN = Setup(batch_size=1, layers=(Layer("batch_normalization", "BatchNormalization"),))
_STUCK = Symptom("loss-stuck-at-baseline", 1.0, "The loss ended where a constant answer is.", alarming=True)
_FALLING = Symptom(
    "loss-still-falling", 0.1, "The loss was still falling at the end, by 10 % over the last 6 epochs."
)

CAUSE = Cause(
    id="batch-size-ill-suited",
    code="LD105",
    title="Batch size ill-suited",
    meaning="Too few rows a batch make gradients and batch statistics noise (with one row, batch normalisation hands on a "
    "constant); too many leave only a handful of updates an epoch.",
    signs=signs,
    remedies=remedies,
    references=(
        "Ioffe and Szegedy 2015, Batch normalization, https://arxiv.org/abs/1502.03167",
        "Keskar et al. 2017, On large-batch training, https://arxiv.org/abs/1609.04836",
    ),
    examples=(
        Example("batch normalisation with batch_size=1", seen(_STUCK, setup=_BN)),
        Example(
            "the same with layer statistics frozen",
            seen(
                _STUCK,
                setup=Setup(batch_size=1, layers=(Layer("bn", "BatchNormalization", trainable=False),)),
            ),
            named=False,
        ),
        Example(
            "two updates an epoch, forty in all, and nothing was learned",
            seen(_STUCK, _FALLING, setup=Setup(batch_size=256, epochs=20, steps_per_epoch=2)),
        ),
        Example(
            "few updates, but the run learned",
            seen(
                _FALLING,
                Symptom("learned", 0.9, "The run learned 90 % of what a constant answer misses."),
                setup=Setup(batch_size=256, epochs=20, steps_per_epoch=2),
            ),
            named=False,
        ),
    ),
    severity="warning",
)
