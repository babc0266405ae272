"""After a fit: which experiments to run, what to try, and the repaired model."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from lossdoctor.diagnosis import Findings, conclude
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


def experimented(
    monitor: Monitor, record: Record, ignore: Collection[str], seconds: float, show: bool
) -> Record:
    """Returns the record with the results of the experiments on a run that is over.

    Args:
        monitor: the run.
        record: what was measured in it.
        ignore: ids of causes that are not to be named.
        seconds: time for the replays of a sick run.
        show: whether a progress bar may be drawn.
    """
    record = _always(monitor, record)
    if conclude(record, ignore=ignore).status == "unhealthy":
        record = _when_odd(monitor, record)
        record = run_trials(monitor, record, conclude(record, ignore=ignore), seconds, show)
    cost = {k: v for k, v in monitor.pace.seconds.items() if k in ("experiments", "trials")}
    return replace(record, cost={**record.cost, **cost})


def _always(monitor: Monitor, record: Record) -> Record:
    """Adds the experiments of every end: of short fits of one model so rarely that they take a tenth of the time."""
    from lossdoctor.experiments.end_of_fit import always

    if monitor.sample is None:
        return record  # the data's own reason is among what could not be checked
    if not monitor.earlier.affords:
        return _with(
            record, {"not_run": ["experiments at the end: left out, as the fits of this model are short"]}
        )
    with monitor.pace.timed("experiments"):
        results = always(subject(monitor), record.setup.outputs)
    monitor.earlier.experiments += monitor.pace.seconds["experiments"]
    return _with(record, results)


def _when_odd(monitor: Monitor, record: Record) -> Record:
    from lossdoctor.experiments.end_of_fit import when_odd

    if monitor.sample is None:
        return record
    with monitor.pace.timed("experiments"):
        return _with(record, when_odd(subject(monitor), record.setup.outputs, record.experiments))


def _with(record: Record, results: dict[str, Any]) -> Record:
    missing = [*record.experiments.get("not_run", ()), *results.get("not_run", ())]
    return replace(record, experiments={**record.experiments, **results, "not_run": missing})


def run_trials(monitor: Monitor, record: Record, findings: Findings, seconds: float, show: bool) -> Record:
    """Returns the record with the results of the replays."""
    from lossdoctor import experiments

    why = why_not(monitor, record)
    if why:
        return _with(record, {"not_run": [f"replays were not made: {why}"]})
    with monitor.pace.timed("trials"), bar(show) as progress:
        results = experiments.run(
            subject(monitor), record, candidates(findings), seconds=seconds, progress=progress
        )
    return _with(record, results)


def repaired(monitor: Monitor, record: Record, findings: Findings) -> Any:
    """Returns a fresh, compiled, untrained model with the remedies that were confirmed, else the likeliest."""
    from lossdoctor.experiments.repair import repair

    return repair(subject(monitor), record, findings)
