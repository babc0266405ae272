"""LD201: the weights start at values from which training cannot start well."""

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
    constant, large, small = (facts.get(f"kernel-{word}") for word in ("constant", "large", "small"))
    if constant is not None:
        hidden = constant.details.get("hidden", 1)
        yield Sign(2 * STRONG if hidden else SLIGHT, constant.text)
    if large is not None:
        yield Sign(STRONG + FAIR if large.value > 20 else STRONG, large.text)
        for name in (
            "loss-start-high",
            "units-saturated",
            "gradients-large-at-start",
            "gradients-growing-by-layer",
        ):
            if (symptom := facts.get(name)) is not None:
                yield Sign(FAIR + SLIGHT if name == "units-saturated" else FAIR, symptom.text)
    if small is not None:
        yield Sign(STRONG, small.text)
        for name in ("signal-lost", "gradients-vanishing", "outputs-constant", "loss-stuck-at-baseline"):
            if (symptom := facts.get(name)) is not None:
                yield Sign(FAIR, symptom.text)
    if constant is large is small is None:
        return
    if facts.trained and facts.learned < 0.5:
        yield Sign(SLIGHT, f"the run gained {facts.learned:.0%} of what a constant answer misses")
    yield from replayed(facts, "bad-initialization")
    yield from doing_well(facts)


def fitting_initializer(activation: str | None) -> str:
    """Returns the initialiser that fits an activation (He et al. 2015; Klambauer et al. 2017; Glorot and Bengio 2010)."""
    if activation == "selu":
        return "lecun_normal"
    return (
        "he_normal"
        if activation in ("relu", "leaky_relu", "elu", "gelu", "silu", "swish", "relu6")
        else "glorot_uniform"
    )


def remedies(facts: Facts) -> Iterator[Remedy]:
    hidden = [layer.activation for layer in facts.hidden if layer.activation]
    name = fitting_initializer(hidden[0] if hidden else None)
    yield Remedy(
        f"Start from {name}, which keeps the signal's size from layer to layer.",
        f'layers.Dense(..., kernel_initializer="{name}")',
        (Action("initializer", {"name": name, "layers": None}),),
    )


_HUGE = (
    Symptom("kernel-large", 80.0, "The weights of dense start 80 times larger than the fan-in rule."),
    Symptom("loss-start-high", 40.0, "The first loss is 92, 40 times 2.3.", step=0),
)

CAUSE = Cause(
    id="bad-initialization",
    code="LD201",
    title="Bad initialisation",
    meaning="Weights that all start alike stay copies of each other; far too large ones saturate or blow up the first loss; "
    "far too small ones let the signal and the gradient die on the way through the layers.",
    signs=signs,
    remedies=remedies,
    references=(
        "Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html",
        "He et al. 2015, Delving deep into rectifiers, https://arxiv.org/abs/1502.01852",
    ),
    examples=(
        Example("weights drawn with a standard deviation of 10", seen(*_HUGE)),
        Example(
            "hidden layers of zeros",
            seen(Symptom("kernel-constant", 1.0, "All weights start at 0.", details={"hidden": 2})),
        ),
        Example(
            "unusual weights, but the run learned",
            seen(
                _HUGE[0], Symptom("learned", 0.95, "The run learned 95 % of what a constant answer misses.")
            ),
            named=False,
        ),
        Example(
            "an output layer of zeros",
            seen(Symptom("kernel-constant", 0.3, "The head starts at 0.", details={"hidden": 0})),
            named=False,
        ),
    ),
    consequences=(
        "saturated-activations",
        "vanishing-gradients",
        "exploding-gradients",
        "dying-relu",
        "learning-rate-too-high",
    ),
)
