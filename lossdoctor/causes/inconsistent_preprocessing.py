"""LD307: validation was prepared differently from training."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    twice = facts.get("scaled-twice")
    if twice is not None and facts.alarms:
        yield Sign(2 * STRONG + FAIR, twice.text)
        return
    inputs, labels = facts.get("validation-inputs-differ"), facts.get("validation-labels-differ")
    jump = facts.get("inputs-outlier")
    bad = facts.get("validation-gap") or facts.get("validation-at-chance") or facts.get("validation-rising")
    if inputs is not None:
        yield Sign(STRONG + FAIR if inputs.value > 10 else STRONG, inputs.text)
    if labels is not None:
        yield Sign(STRONG, labels.text)
    if jump is not None and jump.details.get("batch"):
        yield Sign(FAIR, f"some batches have another unit: {jump.text}")
    if (kind := facts.get("held-out-predicted")) is not None:
        yield Sign(STRONG + FAIR, kind.text)
    elif inputs is labels is None:
        return
    if bad is not None:
        yield Sign(STRONG, bad.text)
    elif facts.trained:
        yield Sign(-STRONG, "the validation loss is no worse for it")
    if (loss := facts.get("loss-exploding") or facts.get("loss-non-finite")) is not None:
        yield Sign(-FAIR, loss.text)
    if facts.setup.batch_size == 1:
        yield Sign(-SLIGHT, "batches of one row")


def remedies(facts: Facts) -> Iterator[Remedy]:
    if (twice := facts.get("scaled-twice")) is not None:
        yield Remedy(
            f"Scale the inputs once: leave them as they come, since {twice.where} scales them, or take that layer out.",
            "x = pixels.astype('float32')  # 0 to 255, without / 255",
        )
        return
    if facts.get("validation-labels-differ") is not None and facts.get("validation-inputs-differ") is None:
        yield Remedy(
            "Shuffle the rows before validation_split, which takes the last rows as they are.",
            "order = np.random.permutation(len(x))\nx, y = x[order], y[order]",
        )
        return
    yield Remedy(
        "Prepare validation (and test) rows by the very same function and numbers as the training rows.",
        "x_val = (x_val - mean) / std  # mean and std of the training rows",
    )


_OFF = (
    Symptom("validation-inputs-differ", 255.0, "Validation inputs are 255 times as large."),
    Symptom("validation-gap", 9.0, "Validation ends at 40, training at 0.1."),
)

_UNLIKE = Symptom("held-out-predicted", 0.9, "Rows held back are told with 0.95, validation rows with 0.05.")

CAUSE = Cause(
    id="inconsistent-preprocessing",
    code="LD307",
    title="Validation prepared differently from training",
    meaning="Training and validation rows went through different steps (one scaled, the other not; other classes at the end of "
    "a sorted table): training goes well and validation is poor from the first epoch.",
    signs=signs,
    remedies=remedies,
    references=(
        "scikit-learn, common pitfalls: inconsistent preprocessing, https://scikit-learn.org/stable/common_pitfalls.html",
        "Keras, validation_split takes the last samples, https://keras.io/api/models/model_training_apis/#fit-method",
    ),
    examples=(
        Example("test images not divided by 255", seen(*_OFF)),
        Example("validation differs, and is none the worse for it", seen(_OFF[0]), named=False),
        Example("pixels inverted in validation: same mean and spread", seen(_UNLIKE, _OFF[1])),
    ),
    consequences=(
        "overfitting",
        "dying-relu",
        "vanishing-gradients",
        "learning-rate-too-low",
        "frozen-layers",
    ),
)
