"""LD202: gradients vanish on the way to the first layers."""

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

FLAT = ("sigmoid", "tanh", "hard_sigmoid", "softsign")
DEEP = 4  # hidden layers of flat activations from which the product of their derivatives is small


def signs(facts: Facts) -> Iterator[Sign]:
    if (vanishing := facts.get("gradients-vanishing")) is not None:
        yield Sign(STRONG + FAIR if vanishing.value < 1e-5 else STRONG, vanishing.text)
    if (lost := facts.get("signal-lost")) is not None:
        yield Sign(FAIR, lost.text)
    flat = [layer.name for layer in facts.setup.layers if layer.activation in FLAT]
    plain = [layer for layer in facts.setup.layers if layer.kind in ("SimpleRNN", "SimpleRNNCell")]
    stuck_over_time = bool(plain) and facts.get("loss-stuck-at-baseline") is not None
    if vanishing is None and lost is None and not stuck_over_time:
        return
    if stuck_over_time:
        steps = facts.data.inputs[0].shape[0] if facts.data.inputs and facts.data.inputs[0].shape else None
        over = f"{steps} time steps" if steps else "the time steps"
        yield Sign(STRONG, f"{plain[0].name}, a plain recurrent layer, multiplies its gradient over {over}")
    if len(flat) >= DEEP:
        yield Sign(
            FAIR,
            f"{len(flat)} layers with {facts.setup.layers[1 if len(facts.setup.layers) > 1 else 0].activation or 'flat'} activations, each with a derivative below 1, follow each other",
        )
    if (stuck := facts.get("loss-stuck-at-baseline")) is not None:
        yield Sign(FAIR, stuck.text)
    for name, weight in {
        "kernel-constant": STRONG,
        "units-dead": FAIR,
        "loss-exploding": FAIR,
        "data-non-finite": STRONG,
    }.items():
        if (symptom := facts.get(name)) is not None:
            yield Sign(-weight, symptom.text)
    if (saturated := facts.get("units-saturated")) is not None:
        yield Sign(-SLIGHT, saturated.text)
    yield from replayed(facts, "vanishing-gradients")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Use ReLU with he_normal in the hidden layers.",
        'layers.Dense(..., activation="relu", kernel_initializer="he_normal")',
        (Action("hidden_activation", {"name": "relu", "layers": None}),),
    )
    if any(layer.kind in ("SimpleRNN", "SimpleRNNCell") for layer in facts.setup.layers):
        yield Remedy(
            "Use LSTM or GRU in place of SimpleRNN: their cell state carries gradients over time.",
            "layers.LSTM(...)",
        )
    yield Remedy(
        "Put BatchNormalization behind the hidden layers.",
        "layers.BatchNormalization()",
        (Action("batch_normalization", {}),),
    )


_GONE = Symptom("gradients-vanishing", 1e-8, "The gradient shrinks 1e8-fold over 12 layers.")
_STUCK = Symptom("loss-stuck-at-baseline", 1.0, "The loss ended at ln(10).", alarming=True)

CAUSE = Cause(
    id="vanishing-gradients",
    code="LD202",
    title="Vanishing gradients",
    meaning="The gradient shrinks from layer to layer on its way back, so that the first layers hardly learn and the loss "
    "stays at the level of a constant answer.",
    signs=signs,
    remedies=remedies,
    references=(
        "Hochreiter 1998, The vanishing gradient problem, https://doi.org/10.1142/S0218488598000094",
        "Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html",
    ),
    examples=(
        Example("twelve sigmoid layers", seen(_GONE, _STUCK)),
        Example(
            "small first gradients, but the run learned",
            seen(_GONE, Symptom("learned", 0.9, "The run learned 90 % of what a constant answer misses.")),
            named=False,
        ),
    ),
)
