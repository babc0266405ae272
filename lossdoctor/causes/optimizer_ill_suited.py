"""LD104: a sane optimizer that cannot do this problem where another can."""

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
from lossdoctor.record import Optimizer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

# Keras's default of 0.001 is a thousandth of the rate in Adadelta's paper; Adagrad's rate only ever shrinks.
SLOW = {
    "Adadelta": "at a rate of 0.001 takes steps a thousandth of those of its paper",
    "Adagrad": "only ever shrinks its steps",
    "Ftrl": "is made for sparse linear models",
}


def signs(facts: Facts) -> Iterator[Sign]:
    mine = facts.optimizer
    slow = (
        facts.get("weights-stood-still")
        or facts.get("updates-tiny")
        or facts.get("loss-still-falling")
        or facts.get("loss-stuck-at-baseline")
    )
    if mine.kind in SLOW and (mine.learning_rate or 0) <= 0.01 and slow is not None:
        yield Sign(STRONG, f"{mine.kind} {SLOW[mine.kind]}: {slow.text}")
    elif mine.kind == "SGD" and not mine.config.get("momentum") and facts.alarms and slow is not None:
        yield Sign(SLIGHT, f"plain SGD moves all weights by one rate: {slow.text}")
    else:
        return
    yield from replayed(facts, "optimizer-ill-suited")
    for name in ("loss-exploding", "gradients-zero", "data-non-finite"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Use Adam at 0.001.",
        "optimizer=keras.optimizers.Adam(learning_rate=0.001)",
        (Action("optimizer", {"name": "adam", "arguments": {"learning_rate": 0.001}}),),
    )
    yield Remedy(
        "Use Adam at 0.01.",
        "optimizer=keras.optimizers.Adam(learning_rate=0.01)",
        (Action("optimizer", {"name": "adam", "arguments": {"learning_rate": 0.01}}),),
    )


_STUCK = Symptom("weights-stood-still", 0.001, "The weights moved by 0.1 %.")
_FLAT = Symptom("loss-stuck-at-baseline", 1.0, "The loss ended where a constant answer is.", alarming=True)
_ADADELTA = Setup(optimizer=Optimizer("Adadelta", 0.001))

CAUSE = Cause(
    id="optimizer-ill-suited",
    code="LD104",
    title="Optimizer ill-suited to the problem",
    meaning="The settings are sane, but this optimizer does not get anywhere here in the epochs given where another does.",
    signs=signs,
    remedies=remedies,
    references=(
        "Zeiler 2012, ADADELTA, https://arxiv.org/abs/1212.5701",
        "Keras, Adadelta, https://keras.io/api/optimizers/adadelta/",
    ),
    examples=(
        Example(
            "Adadelta at Keras's default, and a replay with Adam learns",
            seen(
                _STUCK,
                _FLAT,
                setup=_ADADELTA,
                experiments={
                    "replay": {
                        "trials": [
                            {
                                "cause": "optimizer-ill-suited",
                                "remedy": "Use Adam at 0.001.",
                                "verdict": "confirmed",
                                "text": "a replay went from 2.3 to 0.4",
                            }
                        ]
                    }
                },
            ),
        ),
        Example(
            "Adadelta, and Adam does no better",
            seen(
                _STUCK,
                _FLAT,
                setup=_ADADELTA,
                experiments={
                    "replay": {
                        "trials": [
                            {
                                "cause": "optimizer-ill-suited",
                                "remedy": "Use Adam at 0.001.",
                                "verdict": "refuted",
                                "text": "a replay stayed at 2.3",
                            }
                        ]
                    }
                },
            ),
            named=False,
        ),
    ),
    severity="warning",
)
