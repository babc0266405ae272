"""After a fit: which experiments to run, what to try, and the repaired model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lossdoctor.diagnosis import Findings
from lossdoctor.fit.monitor import Monitor
from lossdoctor.fit.progress_bar import bar
from lossdoctor.record import Record
from lossdoctor.remedies import Remedy

CANDIDATES = 12  # remedies that are worth a replay, most likely first


def subject(monitor: Monitor) -> Any:
    """Returns what the trials work on.

    Raises:
        ValueError: no rows of the data were captured.
    """
    from lossdoctor.experiments.subject import Subject

    if monitor.sample is None:
        raise ValueError("no rows of the data could be captured, so nothing can be tried on them")

    return Subject(
        model=monitor.model,
        sample=monitor.sample,
        initial=monitor.initial,
        final=monitor.model.get_weights(),
        good=monitor.good,
        bad_batch=monitor.bad_batch,
        validation=monitor.validation,
        batch_size=monitor.record().setup.batch_size,
    )


def candidates(findings: Findings) -> list[tuple[str, Remedy]]:
    """Returns (cause id, remedy) to replay: each cause's first applicable remedy, then the second ones."""
    columns = [[(d.cause, r) for r in d.remedies if r.actions] for d in findings.suspects]
    depth = max((len(c) for c in columns), default=0)
    return [c[i] for i in range(depth) for c in columns if i < len(c)][:CANDIDATES]


def why_not(monitor: Monitor, record: Record) -> str:
    """Returns why there can be no trials, "" when there can."""
    if monitor.sample is None:
        return "; ".join(record.data.missing) or "no rows of the data could be captured"
    if not monitor.initial:
        return (
            "the model had no weights before the first step, so there is no start to replay from; "
            "call it on a batch, or model.build(shape), before fit"
        )
    return ""


def run_trials(monitor: Monitor, record: Record, findings: Findings, seconds: float, show: bool) -> Record:
    """Returns the record with the trials' results in its `experiments`."""
    from lossdoctor import experiments

    why = why_not(monitor, record)
    if why:
        return replace(record, experiments={**record.experiments, "not_run": [f"trials were not run: {why}"]})
    with monitor.pace.timed("trials"), bar(show) as progress:
        results = experiments.run(
            subject(monitor), record, candidates(findings), seconds=seconds, progress=progress
        )
    cost = {**record.cost, "trials": monitor.pace.seconds["trials"]}
    return replace(record, experiments={**record.experiments, **results}, cost=cost)


def repaired(monitor: Monitor, record: Record, findings: Findings) -> Any:
    """Returns a fresh, compiled, untrained model with the remedies that were confirmed, else the likeliest."""
    from lossdoctor.experiments.repair import repair

    return repair(subject(monitor), record, findings)
