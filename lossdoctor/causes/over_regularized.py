"""LD210: penalties or dropout keep the model from learning."""

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

HIGH_RATE = 0.7  # share of units dropped; 0.5 is the largest that Srivastava et al. recommend


def signs(facts: Facts) -> Iterator[Sign]:
    dropped = [la for la in facts.setup.layers if "Dropout" in la.kind and (la.rate or 0) >= HIGH_RATE]
    many = [la for la in facts.setup.layers if "Dropout" in la.kind and (la.rate or 0) >= 0.4]
    if dropped:
        yield Sign(
            STRONG + FAIR if (dropped[0].rate or 0) >= 0.85 else STRONG,
            f"{dropped[0].name} drops {dropped[0].rate:.0%} of its units at each step",
        )
    elif len(many) >= 4:
        yield Sign(FAIR, f"{len(many)} Dropout layers follow each other")
    penalty = facts.get("penalty-dominates")
    if penalty is not None:
        yield Sign(STRONG + FAIR if penalty.value > 2 else STRONG, penalty.text)
    shrunk = facts.get("weights-shrank")
    regularized = [la for la in facts.setup.layers if la.regularizer]
    heavy = facts.get("penalty-at-start")
    flat = facts.get("loss-stuck-at-baseline") or facts.get("outputs-constant") or facts.get("units-dead")
    if heavy is not None and flat is not None:
        yield Sign(2 * STRONG, f"{heavy.text} {flat.text}")
    if shrunk is not None and (regularized or (facts.optimizer.config.get("weight_decay") or 0) > 0.01):
        yield Sign(STRONG, shrunk.text)
    bound = [la for la in facts.setup.layers if la.constraint]
    if bound and facts.alarms:
        yield Sign(FAIR, f"{bound[0].constraint} holds the weights of {bound[0].name}")
        if flat is not None:
            yield Sign(SLIGHT, flat.text)
    unused = facts.get("latents-unused")
    if unused is not None and facts.get("no-better-than-constant") is not None:
        yield Sign(STRONG, f"a divergence keeps the latents empty: {unused.text}")
    if not (
        dropped
        or len(many) >= 4
        or penalty
        or unused
        or (heavy and flat)
        or (shrunk and regularized)
        or bound
    ):
        return
    for name in (
        "data-non-finite",
        "loss-non-finite",
        "features-unscaled",
        "targets-unscaled",
        "validation-rising",
        "loss-start-high",
    ):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)
    yield from replayed(facts, "over-regularized")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    if any(la.constraint for la in facts.setup.layers):
        yield Remedy(
            "Take the constraint off the kernels.",
            "layers.Dense(...)  # without kernel_constraint",
            (Action("unconstrain", {}),),
        )
    if any(la.regularizer for la in facts.setup.layers):
        yield Remedy(
            "Make the penalties a hundred times weaker.",
            "kernel_regularizer=keras.regularizers.L2(1e-4)",
            (Action("l2", {"factor": 0.01}),),
        )
    if any("Dropout" in la.kind for la in facts.setup.layers):
        yield Remedy(
            "Drop fewer units, 20 % for a start.", "layers.Dropout(0.2)", (Action("dropout", {"rate": 0.2}),)
        )


_HEAVY = (
    Symptom("penalty-dominates", 9.0, "At the end 90 % of the loss is the penalty."),
    Symptom("loss-stuck-at-baseline", 1.0, "The loss ended at ln(3).", alarming=True),
)

_HELD = Setup(layers=(Layer("a", "Dense", "relu", parameters=9, constraint="MaxNorm(max_value=0.01)"),))

CAUSE = Cause(
    id="over-regularized",
    code="LD210",
    title="Too much regularisation",
    meaning="The penalty on the weights, or the share of units dropped, is so strong that the model cannot hold what it "
    "learns: training and validation loss both stay high.",
    signs=signs,
    remedies=remedies,
    references=(
        "Srivastava et al. 2014, Dropout, https://jmlr.org/papers/v15/srivastava14a.html",
        "Keras, regularizers, https://keras.io/api/layers/regularizers/",
    ),
    examples=(
        Example(
            "an L2 penalty that makes up the loss",
            seen(*_HEAVY, setup=Setup(layers=(Layer("dense", "Dense", regularizer="L2", parameters=9),))),
        ),
        Example(
            "dropout of 90 %, stuck",
            seen(_HEAVY[1], setup=Setup(layers=(Layer("dropout", "Dropout", rate=0.9),))),
        ),
        Example(
            "kernels held near 0, stuck, and a replay without the constraint learns",
            seen(
                _HEAVY[1],
                setup=_HELD,
                experiments={
                    "replay": {
                        "trials": [
                            {
                                "cause": "over-regularized",
                                "verdict": "confirmed",
                                "text": "a replay went from 2.3 to 0.4",
                            }
                        ]
                    }
                },
            ),
        ),
        Example(
            "a constraint that does not hold the run back",
            seen(_HEAVY[1], Symptom("data-non-finite", 1.0, "Column 3 holds NaN."), setup=_HELD),
            named=False,
        ),
        Example(
            "dropout of 80 % on a run that learned",
            seen(
                Symptom("learned", 0.8, "The run learned 80 % of what a constant answer misses."),
                setup=Setup(layers=(Layer("dropout", "Dropout", rate=0.8),)),
            ),
            named=False,
        ),
    ),
    consequences=("dying-relu", "missing-nonlinearity", "vanishing-gradients"),
)
