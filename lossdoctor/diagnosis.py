"""Symptoms and causes to a ranked list of diagnoses; the one place that turns weights into confidence."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from lossdoctor.causes import CAUSES, Cause, Facts
from lossdoctor.causes.cause import Sign
from lossdoctor.coverage import checked, missing_for_verdict, unchecked
from lossdoctor.losses.advice import notes
from lossdoctor.record import Record
from lossdoctor.remedies import Remedy
from lossdoctor.symptoms import Symptom, observe

LOUD = 3  # at most so many causes are named loudly: a longer list is a list nobody works through
NAMED = 0.52  # confidence from which a cause is named: a little more for it than against it
NAMED_BESIDE = 0.45  # the same beside a first one: what it explains has been taken off already
ALSO_SEEN = 0.25  # below this a cause is not even mentioned
EXPLAINED = 1.0  # log-odds, by which causes named second or later were right less often (docs/calibration.md)
CLEAR = 0.05  # of a score, 0 for a constant prediction and 1 for a perfect one, beyond which a change made it worse
UNKNOWN = "unknown"
HEALTHY, UNHEALTHY, INCONCLUSIVE = "healthy", "unhealthy", "inconclusive"


@dataclass(frozen=True)
class Diagnosis:
    """One cause, with how sure we are and why.

    Attributes:
        cause: kebab-case id, e.g. "learning-rate-too-high"; "unknown" when no cause explains the symptoms.
        code: e.g. "LD101".
        title: short phrase.
        confidence: 0 to 1, calibrated in benchmarks/ (docs/calibration.md).
        severity: "error" or "warning" for the loud ones, "info" for what is also seen.
        evidence: sentences with numbers that speak for it.
        against: sentences that speak against it.
        remedies: what to change, best first.
        references: papers or documentation, "Author year, address".

    Example:
        >>> Diagnosis("overfitting", "LD209", "Overfitting", 0.9, "warning").remedies
        ()
    """

    cause: str
    code: str
    title: str
    confidence: float
    severity: str
    evidence: tuple[str, ...] = ()
    against: tuple[str, ...] = ()
    remedies: tuple[Remedy, ...] = ()
    references: tuple[str, ...] = ()


@dataclass(frozen=True)
class Findings:
    """Everything that was concluded from one record: what `Report` shows.

    Attributes:
        status: "healthy", "unhealthy" or "inconclusive".
        verdict: one sentence.
        symptoms: what is visibly so, in the order of `symptoms.DETECTORS`.
        diagnoses: ranked: at most three loud ones (severity "error" or "warning"), then "info".
        suspects: all causes for which something speaks, also the unlikely ones: the experiments choose from
            them.
        checked: short phrases for what was measured and is fine.
        unchecked: sentences for what could not be checked and why.
        notes: advice on a loss that suits its targets but could be chosen or interpreted better; it never
            alarms.
        inconclusive_because: sentences: what was missing for a verdict; empty unless the status is "inconclusive".
    """

    status: str
    verdict: str
    symptoms: tuple[Symptom, ...] = ()
    diagnoses: tuple[Diagnosis, ...] = ()
    suspects: tuple[Diagnosis, ...] = ()
    checked: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    inconclusive_because: tuple[str, ...] = ()

    @property
    def healthy(self) -> bool:
        """True only when enough was measured to say so."""
        return self.status == HEALTHY

    @property
    def loud(self) -> tuple[Diagnosis, ...]:
        """The diagnoses that the report names first, at most three."""
        return tuple(d for d in self.diagnoses if d.severity in ("error", "warning"))


def conclude(record: Record, *, ignore: Collection[str] = ()) -> Findings:
    """Returns what a record says: symptoms, ranked causes, and what was checked.

    Args:
        record: what was measured; a record from a bare history gives what can be said of it.
        ignore: ids of causes that are not to be named.

    Example:
        >>> conclude(Record()).status
        'inconclusive'
    """
    failures: list[str] = []
    symptoms = observe(record, failures)
    facts = Facts(record.setup, record.data, symptoms, record.experiments, trained=record.source != "checkup")
    suspects = rank(_weighed([cause for cause in CAUSES if cause.id not in ignore], facts, failures))
    diagnoses = _loud_and_quiet(suspects)
    alarms = [s for s in symptoms.values() if s.alarming]
    if alarms and not any(d.severity != "info" for d in diagnoses):
        diagnoses = _unsure(alarms, diagnoses)
    sick = any(d.severity != "info" for d in diagnoses)
    because = () if sick else tuple(missing_for_verdict(record, symptoms, failures))
    status = UNHEALTHY if sick else INCONCLUSIVE if because else HEALTHY
    return Findings(
        status=status,
        verdict=_verdict_sentence(status, record, symptoms, diagnoses, because),
        symptoms=tuple(symptoms.values()),
        diagnoses=tuple(diagnoses),
        suspects=tuple(suspects),
        checked=tuple(checked(record, symptoms, diagnoses)),
        unchecked=(*unchecked(record), *failures),
        notes=tuple(notes(record.setup, record.data)),
        inconclusive_because=because,
    )


def _weighed(causes: Sequence[Cause], facts: Facts, failures: list[str]) -> list[Diagnosis]:
    """Returns the causes for which something speaks; one whose rule fails gets a sentence in `failures`."""
    found = []
    for cause in causes:
        try:
            found.append(weigh(cause, facts))
        except Exception as error:
            failures.append(f"{cause.id}: the rule failed with {type(error).__name__}: {error}")
    return [diagnosis for diagnosis in found if diagnosis is not None]


def weigh(cause: Cause, facts: Facts) -> Diagnosis | None:
    """Returns the cause with its confidence, None when nothing speaks for it.

    The weights are log-odds and add up with the prior, as if the signs were independent. They are not:
    what makes a probability of the sum is the calibration (docs/calibration.md).
    """
    signs = list(cause.signs(facts))
    if not any(sign.weight > 0 for sign in signs):
        return None
    evidence, against = (
        tuple(s.text for s in sorted(signs, key=lambda s: -abs(s.weight)) if (s.weight > 0) is positive)
        for positive in (True, False)
    )
    remedies = tuple(_with_outcome(cause.id, remedy, facts) for remedy in cause.remedies(facts))
    return Diagnosis(
        cause=cause.id,
        code=cause.code,
        title=cause.title,
        confidence=confidence(cause.prior, signs),
        severity=cause.severity,
        evidence=evidence,
        against=against,
        remedies=tuple(sorted(remedies, key=lambda r: {True: 0, None: 1, False: 2}[r.confirmed])),
        references=cause.references,
    )


def confidence(prior: float, signs: Sequence[Sign]) -> float:
    """Returns 0..1 from log-odds; never 0 or 1, since no measurement makes us certain."""
    odds = prior + sum(sign.weight for sign in signs)
    return 1.0 / (1.0 + math.exp(-max(-6.0, min(6.0, odds))))


def rank(found: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Returns diagnoses by confidence, each consequence below the causes that explain it."""
    order = sorted(found, key=lambda d: -d.confidence)
    named = {d.cause: d for d in order}
    for cause in CAUSES:
        explaining = named.get(cause.id)
        if explaining is None or explaining.confidence < NAMED:
            continue
        for consequence in cause.consequences:
            if consequence in named and named[consequence].confidence >= explaining.confidence:
                lower = explaining.confidence - 1e-3
                named[consequence] = replace(named[consequence], confidence=lower)
    # Of two that are as likely, the one whose change was seen to help.
    order = sorted(named.values(), key=lambda d: (-d.confidence, not any(r.confirmed for r in d.remedies)))
    return [*order[:1], *(_beside(d) for d in order[1:])]


def _beside(diagnosis: Diagnosis) -> Diagnosis:
    """Returns a diagnosis that another one comes before: what that explains speaks less for this one."""
    odds = math.log(diagnosis.confidence / (1.0 - diagnosis.confidence)) - EXPLAINED
    return replace(diagnosis, confidence=1.0 / (1.0 + math.exp(-odds)))


def _with_outcome(cause: str, remedy: Remedy, facts: Facts) -> Remedy:
    """Returns the remedy with what a replay measured of it."""
    for trial in facts.experiments.get("replay", {}).get("trials", ()):
        if trial["cause"] == cause and trial["remedy"] == remedy.summary:
            confirmed = {"confirmed": True, "refuted": False}.get(trial["verdict"])
            return replace(
                remedy, verified=trial["text"], confirmed=confirmed, outcome=_outcome(trial, facts)
            )
    return remedy


def _outcome(trial: Mapping[str, Any], facts: Facts) -> str:
    """Returns what a replay came to, by the scores of the run with the change and without."""
    if trial["verdict"] == "confirmed":
        return "helped"
    without = facts.experiments["replay"].get("unchanged", {}).get("score", 0.0)
    return "worse" if trial.get("score", without) < without - CLEAR else "no effect"


def _loud_and_quiet(suspects: Sequence[Diagnosis]) -> list[Diagnosis]:
    sure = [d for d in suspects if d.severity != "info" and d.confidence >= NAMED_BESIDE]
    loud = sure[:LOUD] if sure and sure[0].confidence >= NAMED else []
    quiet = [replace(d, severity="info") for d in suspects if d not in loud and d.confidence >= ALSO_SEEN]
    return [*loud, *quiet]


def _unsure(alarms: Sequence[Symptom], quiet: Sequence[Diagnosis]) -> list[Diagnosis]:
    """Returns what is named when a run is sick and no cause reaches NAMED.

    The likeliest of those worth a mention, with its low confidence; without any, "I don't know".
    """
    if not quiet:
        return [_unknown(alarms)]
    return [replace(quiet[0], severity="warning"), *quiet[1:]]


def _unknown(alarms: Sequence[Symptom]) -> Diagnosis:
    return Diagnosis(
        cause=UNKNOWN,
        code="LD000",
        title="Something is wrong, and none of the known causes explains it",
        confidence=NAMED,
        severity="warning",
        evidence=tuple(s.text for s in alarms),
    )


def _verdict_sentence(
    status: str,
    record: Record,
    symptoms: Mapping[str, Symptom],
    found: Sequence[Diagnosis],
    because: Sequence[str],
) -> str:
    if status == INCONCLUSIVE:
        return f"INCONCLUSIVE. {because[0]}"
    if status == HEALTHY and record.source == "checkup":
        return "HEALTHY. No problems found before training."
    if status == HEALTHY:
        good = symptoms.get("learned") or symptoms.get("better-than-constant")
        return "HEALTHY. " + (good.text if good is not None else "Nothing alarming was seen.")
    alarms = [s.text for s in symptoms.values() if s.alarming]
    return "UNHEALTHY. " + (alarms[0] if alarms else f"{found[0].title}.") + _ending(record)


def _ending(record: Record) -> str:
    if record.stopped.startswith("error"):
        return f" fit ended with an {record.stopped}."
    return " fit was interrupted." if record.stopped == "interrupted" else ""
