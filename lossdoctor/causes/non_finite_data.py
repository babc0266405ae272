"""LD303: NaN or inf in the data."""

from __future__ import annotations

from collections.abc import Iterator

from lossdoctor.causes.cause import CERTAIN, FAIR, SLIGHT, Cause, Example, Facts, Sign, seen
from lossdoctor.record import Layer, Setup
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom


def signs(facts: Facts) -> Iterator[Sign]:
    bad = facts.get("data-non-finite")
    if bad is None:
        return
    if not bad.alarming and bad.where == "target":
        return  # the loss leaves them out, and the run learned all the same
    yield Sign(CERTAIN + 1, bad.text)
    named = facts.get("gradient-broken-at")
    if named is not None and named.details.get("behind_where"):
        yield Sign(-FAIR - SLIGHT, f"the loss leaves such entries out, but not their gradient: {named.text}")
    masked = any(layer.kind in ("Masking", "Embedding") for layer in facts.setup.layers)
    if masked and facts.get("loss-non-finite") is None and facts.get("weights-non-finite") is None:
        yield Sign(-CERTAIN - 1, "the model masks such entries and the loss stayed finite")


def remedies(facts: Facts) -> Iterator[Remedy]:
    bad = facts.get("data-non-finite")
    what = "y" if bad is not None and (bad.where or "").endswith("target") else "x"
    yield Remedy(
        "Find the rows with NaN or inf and drop or fill them.",
        f"bad = ~np.isfinite({what}).reshape(len({what}), -1).all(axis=1)\n{what}[bad]  # look at them, then x, y = x[~bad], y[~bad]",
    )


_NAN = Symptom(
    "data-non-finite", 3, "3 of 800 input values are NaN, in column 4.", where="input", alarming=True
)

CAUSE = Cause(
    id="non-finite-data",
    code="LD303",
    title="NaN or inf in the data",
    meaning="A single NaN in a batch makes its loss, its gradients and with the next update all weights NaN; nothing recovers "
    "after that.",
    signs=signs,
    remedies=remedies,
    references=(
        "Keras, TerminateOnNaN, https://keras.io/api/callbacks/terminate_on_nan/",
        "pandas, missing data, https://pandas.pydata.org/docs/user_guide/missing_data.html",
    ),
    examples=(
        Example("NaN in column 4", seen(_NAN)),
        Example(
            "NaN that the model masks",
            seen(_NAN, setup=Setup(layers=(Layer("masking", "Masking"),))),
            named=False,
        ),
    ),
    consequences=("numerical-instability", "exploding-gradients", "learning-rate-too-high", "dying-relu"),
)
