"""The repaired model: the remedies that a replay confirmed, carried out on a fresh copy."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from lossdoctor.experiments.subject import Subject
from lossdoctor.record import Record
from lossdoctor.remedies import Action
from lossdoctor.remedies.apply import apply_actions

# A combination that is not confirmed still says something when it came out better by this much.
BETTER = 0.05
# A contradiction in the setup (LD4xx: loss, labels, output layer) is read off the setup, not off how training
# went. From this confidence it is mended whatever a short replay of its loss says.
PROVEN, CONTRADICTIONS = 0.95, "LD4"


def repair(subject: Subject, record: Record, findings: Any) -> Any:
    """Returns a fresh, compiled, untrained model that is to train under the same fit call.

    The combination that the replays confirmed, if any; else the first remedy that can be carried out of each
    loud diagnosis, without those that a replay refuted. Proven contradictions are mended in either case.

    Args:
        subject: the model and its rows.
        record: what was measured; its `experiments` holds the replays.
        findings: what was concluded (`diagnosis.Findings`).

    Raises:
        ValueError: nothing that was found can be changed on the model, or it cannot be rebuilt.
    """
    replay = record.experiments.get("replay") or {}
    together = replay.get("combined") or {}
    if together.get("verdict") == "confirmed":
        whole = actions_of(together["actions"])
        return _fitting(subject, [whole, *_untouched(findings.loud, whole)])
    refuted = {t["remedy"] for t in replay.get("trials", ()) if t["verdict"] == "refuted"}
    guesses = [list(_first(d.remedies, set() if proven(d) else refuted)) for d in findings.loud]
    guesses = [g for i, g in enumerate(guesses) if g and (i == 0 or not _only_steps(g))]
    if together and together["score"] - replay["unchanged"]["score"] > BETTER:
        whole = actions_of(together["actions"])
        guesses = [*guesses[:1], whole, *_untouched(findings.loud, whole)]
    return _fitting(subject, guesses)


def proven(diagnosis: Any) -> bool:
    """Returns whether a diagnosis is a contradiction that stands in the setup itself."""
    return diagnosis.code.startswith(CONTRADICTIONS) and diagnosis.confidence >= PROVEN


def _untouched(diagnoses: Iterable[Any], done: Sequence[Action]) -> list[list[Action]]:
    """Returns the first remedy of each proven diagnosis none of whose remedies is part of what was done."""
    kinds = {a.kind for a in done}
    groups = []
    for diagnosis in filter(proven, diagnoses):
        first = list(_first(diagnosis.remedies, set()))
        if first and not kinds & {a.kind for r in diagnosis.remedies for a in r.actions}:
            groups.append(first)
    return groups


def _only_steps(actions: Sequence[Action]) -> bool:
    """Returns whether only the steps change: below another cause, a rate is its consequence."""
    return all(a.kind in ("learning_rate", "clip") for a in actions)


def actions_of(parts: Iterable[Any]) -> list[Action]:
    """Returns actions from a record's experiments: as they were made, or as a saved record holds them."""
    return [p if isinstance(p, Action) else Action(p["kind"], dict(p["arguments"])) for p in parts]


def _first(remedies: Sequence[Any], refuted: set[str]) -> Sequence[Action]:
    return next((r.actions for r in remedies if r.actions and r.summary not in refuted), ())


def _fitting(subject: Subject, groups: list[list[Action]]) -> Any:
    """Applies the groups in order, leaving out what does not fit the model or what came before."""
    if not groups:
        raise ValueError("none of the diagnoses can be changed on the model: read what each says you can do")
    model: Any = None
    error: ValueError | None = None
    taken: list[Action] = []
    for group in groups:
        known = {(a.kind, str(a.arguments.get("output"))) for a in taken}
        new = [a for a in group if (a.kind, str(a.arguments.get("output"))) not in known]
        try:
            model = apply_actions(subject.model, [*taken, *new], subject.sample)
            taken += new
        except ValueError as failed:
            error = failed
    if model is None:
        raise error if error is not None else ValueError("no change fits the model")
    return model
