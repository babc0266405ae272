"""LD203: gradients explode, by layer or in time."""

from __future__ import annotations

from collections.abc import Iterator

import lossdoctor.causes.compile_call as compile_call
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
from lossdoctor.record import CELLS, Layer, Setup
from lossdoctor.remedies import Action, Remedy
from lossdoctor.symptoms import Symptom

RECURRENT = {*CELLS, *CELLS.values(), "RNN", "Bidirectional"}


def signs(facts: Facts) -> Iterator[Sign]:
    growing, exploding = facts.get("gradients-growing-by-layer"), facts.get("gradients-exploding")
    if growing is not None:
        yield Sign(STRONG, growing.text)
    if exploding is not None:
        yield Sign(FAIR, exploding.text)
    recurrent = any(layer.kind in RECURRENT for layer in facts.setup.layers)
    at_once = facts.get("loss-start-high") or facts.get("gradients-large-at-start")
    if growing is None and exploding is None and not (recurrent and at_once):
        return
    if recurrent:
        yield Sign(FAIR, "the model is recurrent: signals and gradients multiply over the time steps")
        if at_once is not None:
            yield Sign(STRONG, f"before any update: {at_once.text}")
    if (
        bad := facts.get("loss-non-finite") or facts.get("loss-exploding") or facts.get("loss-spike")
    ) is not None:
        yield Sign(SLIGHT, bad.text)
    for name in (
        "features-unscaled",
        "targets-unscaled",
        "data-non-finite",
        "inputs-outlier",
        "rate-above-limit",
        "kernel-large",
        "loss-below-zero",
    ):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, f"that explains it: {symptom.text}")
    yield from replayed(facts, "exploding-gradients")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Clip the gradients' global norm at 1.",
        compile_call.optimizer_argument(facts, global_clipnorm=1.0),
        (Action("clip", {"global_clipnorm": 1.0}),),
    )
    yield Remedy(
        "Put BatchNormalization behind the hidden layers.",
        "layers.BatchNormalization()",
        (Action("batch_normalization", {}),),
    )


_GREW = (
    Symptom("gradients-exploding", 1e4, "The gradient norm grew 1e4-fold."),
    Symptom("loss-exploding", 1e3, "The loss grew from 2.3 to 2300.", alarming=True),
)

CAUSE = Cause(
    id="exploding-gradients",
    code="LD203",
    title="Exploding gradients",
    meaning="Gradients multiply from layer to layer or from time step to time step until one step throws the weights away. "
    "Often a consequence of the rate or of scales; named when those do not explain it.",
    signs=signs,
    remedies=remedies,
    references=(
        "Pascanu et al. 2013, On the difficulty of training recurrent neural networks, https://arxiv.org/abs/1211.5063",
    ),
    examples=(
        Example(
            "a recurrent net",
            seen(
                *_GREW,
                Symptom(
                    "gradients-growing-by-layer",
                    1e4,
                    "The gradient norm grows 1e4-fold from the last layer to the first.",
                ),
                setup=Setup(layers=(Layer("rnn", "SimpleRNN"),)),
            ),
        ),
        Example(
            "the same growth, on unscaled features and above the stable rate",
            seen(
                *_GREW,
                Symptom("features-unscaled", 300.0, "Inputs go from 0.1 to 1000."),
                Symptom("rate-above-limit", 9.0, "The rate is 9 times the largest stable one."),
                setup=Setup(layers=(Layer("rnn", "SimpleRNN"),)),
            ),
            named=False,
        ),
    ),
)
