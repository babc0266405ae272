"""LD207: the hidden activations do not suit the depth or the place."""

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

# Where a softmax inside is right. Keras's MultiHeadAttention is made of EinsumDense layers and a Softmax.
ATTENTION = {"MultiHeadAttention", "EinsumDense", "Attention", "AdditiveAttention", "Multiply", "Dot"}
DEEP = 3  # sigmoid: derivative at most 1/4 a layer


def hidden_of(facts: Facts) -> list[Layer]:
    """Returns the layers with an activation before the last weights of the outputs."""
    weighted = [i for i, layer in enumerate(facts.setup.layers) if layer.parameters]
    last = next(iter(weighted[-max(1, len(facts.setup.outputs)) :]), 0)
    return [layer for layer in facts.setup.layers[:last] if layer.activation not in (None, "linear")]


def signs(facts: Facts) -> Iterator[Sign]:
    hidden = hidden_of(facts)
    gated = any(layer.kind in ATTENTION for layer in facts.setup.layers)
    soft = [la.name for la in hidden if la.activation == "softmax"]
    sigmoid = [
        la.name
        for la in hidden
        if la.activation in ("sigmoid", "hard_sigmoid") and la.kind not in ("LSTM", "GRU")
    ]
    odd = [la for la in hidden if la.activation in ("exponential", "hard_sigmoid", "softsign", "log_softmax")]
    if soft and not gated:
        yield Sign(
            STRONG + FAIR,
            f"softmax in a hidden layer ({', '.join(soft)}) makes its units share one unit of signal",
        )
    if len(sigmoid) >= DEEP and not gated:
        yield Sign(
            STRONG, f"{len(sigmoid)} hidden sigmoid layers: each passes on at most a quarter of the gradient"
        )
    elif any(la.kind in ("SimpleRNN", "SimpleRNNCell") and la.activation == "sigmoid" for la in hidden):
        yield Sign(
            STRONG, "a sigmoid in a recurrent layer passes on at most a quarter of the gradient a time step"
        )
    elif sigmoid and not gated:
        yield Sign(
            SLIGHT,
            f"sigmoid in the hidden layer {sigmoid[0]}: it passes on at most a quarter of the gradient",
        )
    if odd:
        yield Sign(FAIR, f"{odd[0].activation} in the hidden layer {odd[0].name}")
    if not (soft or sigmoid or odd):
        return
    exponential = any(la.activation == "exponential" for la in odd)
    if exponential and (grown := facts.get("loss-start-high") or facts.get("gradients-exploding")):
        yield Sign(FAIR, f"an exponential makes large numbers larger: {grown.text}")
    for name in ("gradients-vanishing", "signal-lost", "loss-stuck-at-baseline", "loss-still-falling"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(SLIGHT, symptom.text)
    for name in (
        "data-non-finite",
        "loss-exploding",
        "features-unscaled",
        "kernel-large",
        "kernel-constant",
        "weights-stood-still",
    ):
        # Behind a softmax nothing varies, so that the weights have no reason to move.
        explained = (soft and name == "weights-stood-still") or (exponential and name == "loss-exploding")
        if (symptom := facts.get(name)) is not None and not explained:
            yield Sign(-FAIR, symptom.text)
    yield from replayed(facts, "hidden-activation-ill-suited")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Use ReLU in the hidden layers.",
        'layers.Dense(..., activation="relu", kernel_initializer="he_normal")',
        (Action("hidden_activation", {"name": "relu", "layers": _soft(facts) or None}),),
    )


def _soft(facts: Facts) -> list[str]:
    """Returns the layers with weights and a softmax, which the action leaves alone unless they are named."""
    return [la.name for la in hidden_of(facts) if la.activation == "softmax" and la.parameters]


_SOFT = Setup(
    layers=(Layer("a", "Dense", "softmax", parameters=9), Layer("out", "Dense", "softmax", parameters=9))
)
_STUCK = Symptom("loss-stuck-at-baseline", 1.0, "The loss ended at ln(3).", alarming=True)

CAUSE = Cause(
    id="hidden-activation-ill-suited",
    code="LD207",
    title="Hidden activation ill-suited",
    meaning="A softmax between layers squeezes its units into shares of one; stacks of sigmoids pass on at most a quarter of "
    "the gradient each. The net learns slowly or stays at a constant answer where ReLU learns.",
    signs=signs,
    remedies=remedies,
    references=(
        "Glorot et al. 2011, Deep sparse rectifier neural networks, https://proceedings.mlr.press/v15/glorot11a.html",
    ),
    examples=(
        Example("softmax in a hidden layer", seen(_STUCK, setup=_SOFT)),
        Example(
            "one sigmoid hidden layer of the old school that learned",
            seen(
                Symptom("learned", 0.9, "The run learned 90 % of what a constant answer misses."),
                setup=Setup(
                    layers=(
                        Layer("a", "Dense", "sigmoid", parameters=9),
                        Layer("out", "Dense", "softmax", parameters=9),
                    )
                ),
            ),
            named=False,
        ),
        Example(
            "softmax inside attention",
            seen(
                _STUCK,
                setup=Setup(
                    layers=(
                        Layer("s", "Softmax", "softmax"),
                        Layer("dot", "Dot"),
                        Layer("out", "Dense", parameters=9),
                    )
                ),
            ),
            named=False,
        ),
        Example(
            "softmax inside Keras's own MultiHeadAttention",
            seen(
                _STUCK,
                setup=Setup(
                    layers=(
                        Layer("query", "EinsumDense", "linear", parameters=9),
                        Layer("softmax", "Softmax", "softmax"),
                        Layer("out", "Dense", parameters=9),
                    )
                ),
            ),
            named=False,
        ),
    ),
    severity="warning",
)
