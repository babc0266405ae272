"""`diagnose()`: the report on a run that is over, from its logs or its saved record."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from lossdoctor.diagnosis import Findings, conclude
from lossdoctor.history import ACCEPTED, read
from lossdoctor.record import Record
from lossdoctor.report import Report


def diagnose(history: Any, *, model: Any = None) -> Report:
    """Returns what can be said of a finished run.

    From losses alone that is whether the run diverged, became NaN, got stuck, swings or overfits. The
    model adds what its layers, loss and optimizer say. The rest needs `LossDoctor` in `model.fit`.

    Args:
        history: a keras History, a dict of lists, a pandas DataFrame, or the path of a CSVLogger file, a
            TensorBoard folder, a saved record or a saved report. A Record or Report is taken as it is.
        model: the compiled keras.Model that was trained, if it is at hand. It is not changed.

    Raises:
        ValueError: nothing in `history` can be used, or `model` is no compiled Keras model; one sentence
            names what came and what to pass.

    Example:
        >>> diagnose({"loss": [2.3, 41.0, 7.1e5, float("nan")]}).healthy
        False
    """
    record = history.record if isinstance(history, Report) else read(history)
    if not record.series and record.source != "fit":
        raise ValueError(f"the history is empty: pass {ACCEPTED}")
    if model is not None:
        record = _with_setup(record, model)
    findings = conclude(record)
    repair = None if model is None else (lambda: _repaired(model, findings))
    return Report(record, findings, repair=repair)


def _repaired(model: Any, findings: Findings) -> Any:
    """Returns a fresh copy of `model` with the first remedy of each loud cause; nothing was replayed here."""
    actions = [a for found in findings.loud for remedy in found.remedies[:1] for a in remedy.actions]
    if not actions:
        raise ValueError(
            "nothing that was found can be repaired by machine: report.diagnoses says what you can change"
        )
    from lossdoctor.remedies.apply import apply_actions

    return apply_actions(model, actions)


def _with_setup(record: Record, model: Any) -> Record:
    """Returns `record` with the facts of `model`, unless the record brought its own."""
    if not hasattr(model, "layers") or getattr(model, "optimizer", None) is None:
        raise ValueError(
            f"model={type(model).__name__}: pass the compiled keras.Model that was trained, or leave it out"
        )
    if record.setup.layers:
        return record
    from lossdoctor.fit.setup import read_setup

    setup = read_setup(model, {"epochs": len(record.series.get("epoch.loss", ()))})
    # The kernels are those after training: they say nothing of how the model was initialised.
    layers = (replace(la, kernel_std=None, kernel_mean=None, kernel_spread=None) for la in setup.layers)
    return replace(record, setup=replace(setup, layers=tuple(layers)))
