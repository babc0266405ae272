"""LD401: the output activation and the loss do not go together, or it cannot take the targets' values."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import SLIGHT, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.causes.output_signs import fault_remedies, fault_signs
from lossdoctor.losses.faults import activation_faults
from lossdoctor.record import Data, Output, Setup, Target
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom

ID = "loss-activation-mismatch"


def signs(facts: Facts) -> Iterator[Sign]:
    found = list(fault_signs(facts, activation_faults, ID))
    yield from found
    if found and (constant := facts.get("outputs-constant")) and constant.text not in {s.text for s in found}:
        yield Sign(SLIGHT, constant.text or "the outputs are the same for every input")
    beyond = facts.get("targets-out-of-reach")
    if beyond is not None and not found:
        yield Sign(STRONG, beyond.text)
    divergence = any(o.loss == "kl_divergence" for o in facts.setup.outputs)
    if divergence and (below := facts.get("loss-below-zero")):
        yield Sign(
            STRONG, f"the KL divergence fell to {below.value:.3g}, so the rows of outputs do not sum to 1"
        )


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield from fault_remedies(facts, activation_faults)


def _facts(activations: tuple[str, ...], loss: str, units: int, target: Target, *symptoms: Symptom) -> Facts:
    output = Output("output", (units,), units, activations, loss)
    return seen(*symptoms, setup=Setup(outputs=(output,)), data=Data(targets=(target,)))


YES_NO = Target(
    "y", "float32", (1,), 256, 0.5, 0.5, 0.0, 1.0, integers=True, distinct=2, coding="binary", classes=2
)
DIGITS = Target(
    "y", "int64", (), 256, 4.5, 2.9, 0.0, 9.0, integers=True, distinct=10, coding="integer", classes=10
)
ROWS = Target(
    "y", "float32", (10,), 256, 0.1, 0.3, 0.0, 1.0,
    integers=True, distinct=2, coding="one-hot", classes=10, row_sum_low=1.0, row_sum_high=1.0,
)  # fmt: skip
PRICES = Target("y", "float32", (1,), 256, 22.0, 9.0, 5.0, 50.0, distinct=200, shares={"<0": 0.0, ">1": 1.0})
CHANCE = Symptom("accuracy-at-chance", 0.0, "Accuracy is 0.11; always naming the largest class gives 0.11.")
LEARNED = Symptom("learned", 0.9, "The loss fell from 2.3 to 0.2.")

CAUSE = Cause(
    id=ID,
    code="LD401",
    title="The output activation does not go with the loss",
    meaning=(
        "Each loss needs outputs of a certain kind: probabilities, one distribution per row, scores of "
        "both signs, or "
        "numbers that can take the targets' values. With another output activation the loss stops at a "
        "level that no "
        "weights can lower, gets no gradient, or falls while the outputs stay useless. Keras trains on "
        "the numbers "
        "behind a softmax or sigmoid, so that a sigmoid under categorical cross-entropy still learns; a "
        "softmax over "
        "one unit, a linear output without from_logits, and a softmax over a softmax do not."
    ),
    signs=signs,
    remedies=remedies,
    references=(
        "Keras, probabilistic losses, https://keras.io/api/losses/probabilistic_losses/",
        "Keras, layer activations, https://keras.io/api/layers/activations/",
        "Goodfellow, Bengio and Courville 2016, section 6.2.2, "
        "https://www.deeplearningbook.org/contents/mlp.html",
    ),
    examples=(
        Example("softmax over one unit", _facts(("softmax",), "binary_crossentropy", 1, YES_NO)),
        Example("linear output taken for probabilities", _facts((), "binary_crossentropy", 1, YES_NO)),
        Example(
            "softmax twice", _facts(("softmax", "softmax"), "sparse_categorical_crossentropy", 10, DIGITS)
        ),
        Example("prices out of a sigmoid's reach", _facts(("sigmoid",), "mean_squared_error", 1, PRICES)),
        Example(
            "ten sigmoids under categorical cross-entropy, at chance",
            _facts(("sigmoid",), "categorical_crossentropy", 10, ROWS, CHANCE),
        ),
        Example(
            "ten sigmoids under categorical cross-entropy that learned",
            _facts(("sigmoid",), "categorical_crossentropy", 10, ROWS, LEARNED),
            named=False,
        ),
        Example(
            "a sigmoid over one unit at chance for another reason",
            _facts(("sigmoid",), "binary_crossentropy", 1, YES_NO, CHANCE),
            named=False,
        ),
        Example("prices from a relu", _facts(("relu",), "mean_squared_error", 1, PRICES), named=False),
    ),
    consequences=("vanishing-gradients", "learning-rate-too-low", "too-few-epochs", "model-too-small"),
)
