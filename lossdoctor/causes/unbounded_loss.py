"""LD404: the loss has no lower bound on these targets."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.causes.output_signs import fault_remedies, fault_signs
from lossdoctor.losses import loss_of
from lossdoctor.losses.faults import bound_faults
from lossdoctor.record import Data, Output, Setup, Target
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom

ID = "unbounded-loss"


def signs(facts: Facts) -> Iterator[Sign]:
    yield from fault_signs(facts, bound_faults, ID)
    if wrong := facts.get("loss-wrong-way"):
        yield Sign(STRONG + FAIR, wrong.text)
    if away := facts.get("loss-runs-away"):
        yield Sign(STRONG + FAIR, away.text)
    if below := facts.get("loss-below-zero"):
        known = [entry for entry in (loss_of(o.loss) for o in facts.setup.outputs) if entry]
        # Poisson, cosine similarity and custom losses may be negative; KL divergence is bounded all the same.
        if known and all(entry.lower == 0 and entry.name != "kl_divergence" for entry in known):
            text = f"the loss fell to {below.value:.3g}; {known[0].title} is 0 at its best"
            yield Sign(STRONG + FAIR, text)


def remedies(facts: Facts) -> Iterator[Remedy]:
    found = list(fault_remedies(facts, bound_faults))
    yield from found
    if not found:
        code = "y = (y == y.max()).astype('float32')  # whatever maps your two labels to 0 and 1"
        yield Remedy("Bring the labels into the range of the loss, 0 to 1.", code)


def _facts(loss: str, activation: str, target: Target, *symptoms: Symptom) -> Facts:
    output = Output("output", (1,), 1, (activation,), loss)
    return seen(*symptoms, setup=Setup(outputs=(output,)), data=Data(targets=(target,)))


def _labels(low: float, high: float, coding: str) -> Target:
    return Target(
        "y", "float32", (1,), 256, (low + high) / 2, 0.5, low, high, integers=True, distinct=2, coding=coding
    )


BELOW = Symptom("loss-below-zero", -37.0, "The loss fell to -37.")

CAUSE = Cause(
    id=ID,
    code="LD404",
    title="The loss has no lower bound",
    meaning=(
        "On these targets the loss can fall for ever, so training runs off towards infinity instead of "
        "fitting: binary "
        "cross-entropy with labels beyond 0 and 1, Poisson loss with negative targets, categorical "
        "cross-entropy with "
        "label rows that do not sum to 1. It shows as a loss far below zero, an output stuck at one side, "
        "or NaN."
    ),
    signs=signs,
    remedies=remedies,
    references=(
        "Keras, probabilistic losses, https://keras.io/api/losses/probabilistic_losses/",
        "Keras issue 14046, https://github.com/keras-team/keras/issues/14046",
    ),
    examples=(
        Example("labels 1 and 2", _facts("binary_crossentropy", "sigmoid", _labels(1, 2, "integer"))),
        Example("labels -1 and 1", _facts("binary_crossentropy", "sigmoid", _labels(-1, 1, "sign"), BELOW)),
        Example("negative counts", _facts("poisson", "exponential", _labels(-3, 8, "real"))),
        Example(
            "labels 0 and 1", _facts("binary_crossentropy", "sigmoid", _labels(0, 1, "binary")), named=False
        ),
        Example("sides under hinge", _facts("hinge", "tanh", _labels(-1, 1, "sign")), named=False),
        Example(
            "counts whose Poisson loss is negative",
            _facts("poisson", "exponential", _labels(0, 8, "real")),
            named=False,
        ),
    ),
)
