"""LD308: the labels do not belong to their rows."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, doing_well, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    unrelated, chance = facts.get("labels-unrelated"), facts.get("validation-at-chance")
    pairs = facts.get("pairs-unrelated")
    if pairs is not None and unrelated is None and facts.get("no-better-than-constant") is not None:
        yield Sign(2 * STRONG, pairs.text)
        unrelated = pairs
    elif unrelated is not None:
        yield Sign(STRONG, unrelated.text)
    if chance is not None and facts.get("validation-inputs-differ") is None:
        yield Sign(FAIR, chance.text)
    if unrelated is None:
        return
    if (stuck := facts.get("loss-stuck-at-baseline")) is not None:
        yield Sign(FAIR, stuck.text)
    if (unused := facts.get("inputs-unused")) is not None:
        yield Sign(FAIR, unused.text)
    for name, weight in {
        "gradients-zero": STRONG, "gradients-vanishing": STRONG, "weights-stood-still": STRONG, "loss-exploding": STRONG, "units-dead": STRONG,
        "kernel-constant": STRONG, "features-unscaled": FAIR, "loss-non-finite": STRONG, "outputs-constant": FAIR, "loss-above-baseline": SLIGHT,
    }.items():  # fmt: skip
        if (symptom := facts.get(name)) is not None:
            yield Sign(-weight, symptom.text)
    if facts.get("validation-at-chance") is None and facts.learned > 0.5:
        yield Sign(-STRONG, "validation rows are told apart")
    if facts.predictive_replay is not None:
        yield Sign(-STRONG, f"with another change held-back rows are told: {facts.predictive_replay['text']}")
    yield from doing_well(facts)


def remedies(facts: Facts) -> Iterator[Remedy]:
    yield Remedy(
        "Check that x[i] and y[i] are the same case: shuffle and filter both by one index.",
        "order = np.random.permutation(len(x))\nx, y = x[order], y[order]  # never x and y separately",
    )


_ODD = (
    Symptom("labels-unrelated", 0.0, "A row's nearest neighbours tell nothing of its label."),
    Symptom(
        "loss-stuck-at-baseline", 1.0, "The loss ended at 2.31, where a constant answer ends.", alarming=True
    ),
)
_PREDICTED = {
    "cause": "architecture-ill-suited", "remedy": "Flatten in the place of the pooling.", "verdict": "confirmed",
    "score": 0.9, "text": "replayed 200 steps on 192 rows: held-back accuracy 0.95 (unchanged: 0.44)",
}  # fmt: skip

CAUSE = Cause(
    id="misaligned-labels",
    code="LD308",
    title="Labels do not belong to their rows",
    meaning="The labels have nothing to do with the inputs (shuffled apart, shifted by a row, joined on a wrong key): training "
    "stays at chance or creeps up by memorising, while validation stays at chance.",
    signs=signs,
    remedies=remedies,
    references=(
        "Zhang et al. 2017, Understanding deep learning requires rethinking generalization, https://arxiv.org/abs/1611.03530",
    ),
    examples=(
        Example("labels shuffled apart from their rows", seen(*_ODD)),
        Example(
            "another model tells rows held back",
            seen(*_ODD, experiments={"replay": {"trials": [_PREDICTED]}}),
            named=False,
        ),
        Example(
            "stuck, as the gradient is exactly 0",
            seen(*_ODD, Symptom("gradients-zero", 1.0, "The gradient is 0.", alarming=True)),
            named=False,
        ),
    ),
)
