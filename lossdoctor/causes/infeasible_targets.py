"""LD310: rows whose loss no output can lower."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import FAIR, SLIGHT, STRONG, Cause, Example, Facts, Sign, seen
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    rows = facts.get("rows-infeasible")
    if rows is None:
        return
    yield Sign(2 * STRONG if rows.alarming else STRONG, rows.text)
    if (broken := facts.get("loss-non-finite")) is not None and rows.value >= 1.0:
        yield Sign(SLIGHT, broken.text)
    for name in ("data-non-finite", "targets-out-of-reach", "rate-above-limit"):
        if (symptom := facts.get(name)) is not None:
            yield Sign(-FAIR, symptom.text)


def remedies(facts: Facts) -> Iterator[Remedy]:
    if "ctc" in (facts.output.loss or "").lower():
        yield Remedy(
            "Give the output more time steps than letters and repeats (less pooling over time), or leave the long targets out.",
            "keep = label_length + repeats <= frames\nx, y = x[keep], y[keep]",
        )
    yield Remedy(
        "Take these rows out or mend their targets: report.worst_rows() lists them.",
        "keep = np.isfinite(row_losses)\nx, y = x[keep], y[keep]",
    )


_OUTLIER = Symptom("targets-outlier", 40.0, "One target is far off.")

CAUSE = Cause(
    id="infeasible-targets",
    code="LD310",
    title="Targets that no output can fit",
    meaning="The loss of some rows stays high or infinite whatever the model puts out: more letters than time steps under CTC, "
    "a logarithm or a division at a target of 0, a label outside of what the output can express.",
    signs=signs,
    remedies=remedies,
    references=(
        "Graves et al. 2006, Connectionist temporal classification, https://www.cs.toronto.edu/~graves/icml_2006.pdf",
    ),
    examples=(
        Example(
            "rows that carry half of the loss and cannot be fitted",
            seen(
                Symptom("rows-infeasible", 0.5, "6 of the worst rows cannot be fitted.", alarming=True),
                _OUTLIER,
            ),
        ),
        Example("an outlier that can be fitted", seen(_OUTLIER), named=False),
    ),
    consequences=("label-noise", "outliers"),
)
