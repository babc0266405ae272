"""All causes through one table of tests: their examples, their texts, and the list that names them."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from lossdoctor.causes import BY_ID, CAUSES, Cause, Example, Facts, Sign
from lossdoctor.diagnosis import NAMED, confidence
from lossdoctor.remedies import Remedy

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "lossdoctor" / "causes"
PUBLIC_WORDS = 4  # fewest words of a sentence that a person can act on
NEAR = 3  # pieces of fact in which a near miss may differ from a named example

# Each id is a promise to users: add, never rename.
PROMISED = """
learning-rate-too-high learning-rate-too-low optimizer-misconfigured optimizer-ill-suited
batch-size-ill-suited too-few-epochs unscaled-features unscaled-targets non-finite-data label-noise
outliers class-imbalance inconsistent-preprocessing misaligned-labels too-little-data
loss-activation-mismatch loss-target-mismatch output-shape-mismatch unbounded-loss bad-initialization
vanishing-gradients exploding-gradients dying-relu saturated-activations missing-nonlinearity
hidden-activation-ill-suited model-too-small overfitting over-regularized frozen-layers
architecture-ill-suited numerical-instability
optimizer-state-lost normalization-mismatch representation-collapse infeasible-targets
sample-weights-ill-suited data-order non-differentiable-loss
""".split()


def cases(*, named: bool) -> list:
    found = [(c, e) for c in CAUSES for e in c.examples if e.named is named]
    return [pytest.param(c, e, id=f"{c.code}-{e.text[:40]}") for c, e in found]


def each_cause() -> list:
    return [pytest.param(c, id=c.id) for c in CAUSES]


def is_named(cause: Cause, signs: list[Sign]) -> bool:
    return any(s.weight > 0 for s in signs) and confidence(cause.prior, signs) >= NAMED


@pytest.mark.parametrize(("cause", "example"), cases(named=True))
def test_named_example(cause: Cause, example: Example):
    """On a named example the cause reaches the confidence from which a report names it."""
    signs = list(cause.signs(example.facts))
    assert is_named(cause, signs), f"{example.text}: {signs}"


@pytest.mark.parametrize(("cause", "example"), cases(named=False))
def test_silent_example(cause: Cause, example: Example):
    """On a silent example the cause stays below it."""
    signs = list(cause.signs(example.facts))
    assert not is_named(cause, signs), f"{example.text}: {signs}"


@pytest.mark.parametrize(("cause", "example"), cases(named=False))
def test_silent_example_is_a_near_miss(cause: Cause, example: Example):
    """Something keeps it silent: a sign against it, or a few facts in which a named example differs."""
    speaking_for = [s for s in cause.signs(example.facts) if s.weight > 0]
    apart = {e.text: differences(example.facts, e.facts) for e in cause.examples if e.named}
    assert is_named(cause, speaking_for) or any(
        len(differences(example.facts, e.facts)) <= NEAR and share_a_fact(example.facts, e.facts)
        for e in cause.examples
        if e.named
    ), f"{example.text}: silent for want of evidence; it differs from the named examples in {apart}"


def share_a_fact(one: Facts, other: Facts) -> bool:
    """True when both know of the same thing, whatever they know of it."""
    nothing = pieces(Facts()).items()
    return bool(
        {k for k, _ in pieces(one).items() - nothing} & {k for k, _ in pieces(other).items() - nothing}
    )


def differences(one: Facts, other: Facts) -> list[str]:
    """Returns the pieces of fact (a symptom, a field of the setup or data, a trial) that are not equal."""
    left, right = pieces(one), pieces(other)
    return sorted(k for k in left.keys() | right.keys() if left.get(k) != right.get(k))


def pieces(facts: Facts) -> dict[str, str]:
    """Returns each piece of fact by name, as text: arrays have no single truth value to compare."""
    found = {f"symptom {name}": repr(symptom) for name, symptom in facts.symptoms.items()}
    found |= {f"experiment {name}": repr(value) for name, value in facts.experiments.items()}
    for part in (facts.setup, facts.data):
        found |= {f.name: repr(getattr(part, f.name)) for f in dataclasses.fields(part)}
    return found


@pytest.mark.parametrize("cause", each_cause())
def test_cause_is_complete(cause: Cause):
    """Id and code are of the promised form, and texts, references and both kinds of example are there."""
    assert cause.id in PROMISED
    assert re.fullmatch(r"LD[1-5]\d\d", cause.code)
    assert cause.severity in ("error", "warning", "info")
    assert cause.title and not cause.title.endswith(".")
    assert len(cause.meaning.split()) > PUBLIC_WORDS and cause.meaning.endswith(".")
    assert cause.references and all("http" in r for r in cause.references), cause.references
    assert {e.named for e in cause.examples} == {True, False}
    assert all(len(e.text.split()) > 1 for e in cause.examples)
    assert all(other in PROMISED and other != cause.id for other in cause.consequences)


@pytest.mark.parametrize("cause", each_cause())
def test_signs_are_sentences(cause: Cause):
    """Every sign has a weight and says something; some reason has a number."""
    reasons = []
    for example in cause.examples:
        signs = list(cause.signs(example.facts))
        assert all(s.weight and len(s.text.split()) >= PUBLIC_WORDS for s in signs), signs
        reasons += [s.text for s in signs if s.weight > 0 and example.named]
    assert any(re.search(r"\d|\bone\b|\ball\b", text) for text in reasons), reasons


@pytest.mark.parametrize("cause", each_cause())
def test_remedies_can_be_done(cause: Cause):
    """On a named example there is a remedy, and each is summed up in a sentence."""
    for example in cause.examples:
        if example.named:
            remedies = list(cause.remedies(example.facts))
            assert remedies and all(isinstance(r, Remedy) for r in remedies)
            assert all(r.summary[0].isupper() and len(r.summary.split()) >= 2 for r in remedies)


@pytest.mark.parametrize("cause", each_cause())
def test_no_evidence_no_sign_for_it(cause: Cause):
    """A run of which nothing is known gives no reason for any cause, and no exception."""
    assert [s for s in cause.signs(Facts()) if s.weight > 0] == []


def test_every_file_is_listed_once_in_order_of_code():
    """CAUSES holds the cause of each file in the folder, once, in order of code."""
    files = {f.stem.replace("_", "-") for f in FOLDER.glob("*.py")} - {"--init--", "base"}
    codes = [c.code for c in CAUSES]
    modules = {c.signs.__module__.rsplit(".", 1)[-1].replace("_", "-") for c in CAUSES}
    assert {c.id for c in CAUSES} <= files, "a cause stands in a file that does not bear its id"
    assert codes == sorted(set(codes)), codes
    assert len(BY_ID) == len(CAUSES)
    helpers = files - modules
    assert not [h for h in helpers if defines_a_cause(FOLDER / f"{h.replace('-', '_')}.py")]


def defines_a_cause(file: Path) -> bool:
    return bool(re.search(r"^CAUSE\b", file.read_text(encoding="utf-8"), re.MULTILINE))


def test_every_promised_cause_exists():
    """Each promised id has a cause, and no other has."""
    assert {c.id for c in CAUSES} == set(PROMISED)


def test_the_tests_notice_a_bad_example():
    """The near-miss test is no formality: an example that is silent for want of any fact fails it."""
    cause = CAUSES[0]
    empty = Example("nothing is known", Facts(), named=False)
    with pytest.raises(AssertionError, match="want of evidence"):
        test_silent_example_is_a_near_miss(cause, empty)
